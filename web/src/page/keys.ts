/** What keys do: the desktop's, where the page has the same. */
import { byId, fillList } from "./dom";

export type Key = { readonly keys: readonly string[]; readonly shown: string; readonly does: string; run(): void };

/** Listen, and list them on the page. A key that a control needs itself stays the control's. */
export function bindKeys(bound: readonly Key[]): void {
  fillList(byId("keys"), bound.map(({ shown, does }) => [shown, does]));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    const found = bound.find(({ keys }) => keys.includes(event.key));
    if (!found) return;
    event.preventDefault();
    found.run();
  });
}

function isTyping({ target, key }: KeyboardEvent): boolean {
  if (target instanceof HTMLSelectElement) return true;
  if (key !== " ") return false;
  return target instanceof HTMLElement && target.matches("button, input, summary, label");
}
