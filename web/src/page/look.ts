/** The controls of what is drawn, and the look that they stand for. */
import { DEFAULT_LOOK, EFFECTS, type Effect, type Look, NAMED_COLORS } from "../core/overlay";
import { REGION_GROUPS } from "../core/regions";
import { hexOf, rgbOf } from "./colors";
import { byId, labeledInput } from "./dom";

const EFFECT_NAMES: Readonly<Record<Effect, string>> = {
  overlay: "Overlay", contour: "Contour", iris: "Iris", lipstick: "Lipstick", pixelate: "Pixelate",
};
const GROUP_NAMES: Readonly<Record<string, string>> = { iris: "Irises", eyes: "Eyes", lips: "Lips", mouth: "Mouth" };
/** As the desktop's key `r` steps through them. */
const REGION_CHOICES = [["iris", "eyes", "lips"], ["iris"], ["eyes"], ["lips"], ["mouth"], ["iris", "eyes", "lips", "mouth"]];
const LIPSTICKS = ["red", "ruby", "coral", "rose", "nude", "berry", "plum"];
const OPACITY_STEP = 0.1;

/** Which of the colours an effect takes; none for most. */
const COLOR_OF: Partial<Record<Effect, { key: "irisRgb" | "lipstickRgb"; title: string; names: string[] }>> = {
  iris: { key: "irisRgb", title: "Iris colour", names: Object.keys(NAMED_COLORS).filter((name) => !LIPSTICKS.includes(name)) },
  lipstick: { key: "lipstickRgb", title: "Lipstick shade", names: LIPSTICKS },
};

export class LookControls {
  #look: Look = DEFAULT_LOOK;
  readonly #color = byId<HTMLInputElement>("color");
  readonly #opacity = byId<HTMLInputElement>("opacity");

  /** @param onChange called with each new look */
  constructor(private readonly onChange: (look: Look) => void) {
    byId("effects").append(
      ...EFFECTS.map((effect) => labeledInput("radio", "effect", effect, EFFECT_NAMES[effect], () => this.#change({ effect }))),
    );
    byId("regions").append(
      ...Object.keys(REGION_GROUPS).map((group) =>
        labeledInput("checkbox", "region", group, GROUP_NAMES[group], () => this.#change({ regions: this.#checkedRegions() })),
      ),
    );
    this.#opacity.oninput = () => this.#change({ opacity: this.#opacity.valueAsNumber / 100 });
    this.#color.oninput = () => this.#pickColor(this.#color.value);
    this.#show();
  }

  get look(): Look {
    return this.#look;
  }

  nextEffect(): void {
    this.#change({ effect: EFFECTS[(EFFECTS.indexOf(this.#look.effect) + 1) % EFFECTS.length] });
  }

  nextRegions(): void {
    const now = [...this.#look.regions].sort().join();
    const at = REGION_CHOICES.findIndex((groups) => regionsOf(groups).sort().join() === now);
    this.#change({ regions: regionsOf(REGION_CHOICES[(at + 1) % REGION_CHOICES.length]) });
  }

  /** @param sign 1 for stronger, -1 for fainter */
  stepOpacity(sign: 1 | -1): void {
    const stepped = Math.round((this.#look.opacity + sign * OPACITY_STEP) * 100) / 100;
    this.#change({ opacity: Math.min(1, Math.max(0, stepped)) });
  }

  #change(changed: Partial<Look>): void {
    this.#look = { ...this.#look, ...changed };
    this.#show();
    this.onChange(this.#look);
  }

  #pickColor(hex: string): void {
    const color = COLOR_OF[this.#look.effect];
    if (color) this.#change({ [color.key]: rgbOf(hex) });
  }

  #checkedRegions(): number[] {
    return regionsOf(Array.from(document.querySelectorAll<HTMLInputElement>("#regions input:checked"), ({ value }) => value));
  }

  #show(): void {
    const { effect, regions, opacity } = this.#look, color = COLOR_OF[effect];
    for (const input of document.querySelectorAll<HTMLInputElement>("#effects input")) input.checked = input.value === effect;
    for (const input of document.querySelectorAll<HTMLInputElement>("#regions input")) {
      input.checked = REGION_GROUPS[input.value].every((region) => regions.includes(region));
    }
    this.#opacity.value = String(Math.round(opacity * 100));
    byId("opacity-shown").textContent = `${Math.round(opacity * 100)} %`;
    byId("regions-group").hidden = Boolean(color);
    byId("opacity-group").hidden = effect === "pixelate";
    byId("colors-group").hidden = !color;
    if (!color) return;
    const picked = hexOf(this.#look[color.key]);
    this.#color.value = picked;
    this.#showSwatches(color.title, color.names, picked);
  }

  #showSwatches(title: string, names: readonly string[], picked: string): void {
    if (byId("colors-title").textContent !== title) {
      byId("colors-title").textContent = title;
      byId("swatches").replaceChildren(
        ...names.map((name) => {
          const hex = hexOf(NAMED_COLORS[name]);
          const label = labeledInput("radio", "swatch", hex, name, () => this.#pickColor(hex));
          label.style.setProperty("--swatch", hex);
          return label;
        }),
      );
    }
    for (const input of document.querySelectorAll<HTMLInputElement>("#swatches input")) input.checked = input.value === picked;
  }
}

function regionsOf(groups: readonly string[]): number[] {
  return groups.flatMap((group) => REGION_GROUPS[group]);
}
