/** The page's elements. */

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as T;
}

/** A label around an input, so that both are one target. */
export function labeledInput(type: string, name: string, value: string, text: string, onChange: () => void): HTMLLabelElement {
  const label = document.createElement("label"), input = document.createElement("input"), words = document.createElement("span");
  Object.assign(input, { type, name, value, onchange: onChange });
  words.textContent = text;
  label.append(input, words);
  return label;
}

/** Terms and their descriptions, in place of a list's own. */
export function fillList(list: HTMLElement, rows: readonly (readonly [string, string])[]): void {
  list.replaceChildren(
    ...rows.flatMap(([term, description]) => {
      const dt = document.createElement("dt"), dd = document.createElement("dd");
      dt.textContent = term;
      dd.textContent = description;
      return [dt, dd];
    }),
  );
}
