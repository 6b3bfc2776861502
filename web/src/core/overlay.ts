/** The picture one sees: an effect on each face's regions, at the frame's own resolution, as realtime/drawing/painter.py. */
import * as effects from "./effects";
import { type Box } from "./geometry";
import { type Image } from "./image";
import { findPatch, hidingBox } from "./patch";
import { PARTS, REGION_GROUPS, type Region, type Rgb } from "./regions";
import tables from "./tables.json";
import { type Face } from "./tracker";

export type Effect = "overlay" | "contour" | "iris" | "lipstick" | "pixelate";
export const EFFECTS = tables.look.effects as readonly Effect[];
export const NAMED_COLORS = tables.look.namedColorsRgb as unknown as Readonly<Record<string, Rgb>>;

export type Look = {
  readonly effect: Effect;
  readonly regions: readonly Region[];
  readonly opacity: number;
  readonly irisRgb: Rgb;
  readonly lipstickRgb: Rgb;
};

export const DEFAULT_LOOK: Look = {
  effect: "overlay",
  regions: tables.look.regions,
  opacity: tables.look.opacity,
  irisRgb: tables.look.iris as unknown as Rgb,
  lipstickRgb: tables.look.lipstick as unknown as Rgb,
};

/** Draws effects on faces, and takes them off again. */
export class Overlay {
  #below: { readonly box: Box; readonly pixels: Image }[] = [];

  /** Draw on the frame. */
  draw(frame: Image, faces: readonly Face[], look: Look): void {
    this.#below = [];
    for (const face of faces) {
      if (look.effect === "pixelate") this.#pixelate(frame, face, look);
      else if (look.opacity > 0) this.#paint(frame, face, look);
    }
  }

  /** Put back what the last `draw` changed. */
  restore(frame: Image): void {
    for (const { box, pixels } of this.#below.reverse()) {
      const [left, top, right, bottom] = box, stride = (right - left) * 4;
      for (let y = top, from = 0; y < bottom; y++, from += stride) {
        frame.data.set(pixels.data.subarray(from, from + stride), (y * frame.width + left) * 4);
      }
    }
    this.#below = [];
  }

  #paint(frame: Image, face: Face, look: Look): void {
    const strength = Math.sqrt(look.opacity); // a tint that keeps the lightness needs more to be seen
    const solid = Math.min(1, look.opacity / tables.effects.solidFrom);
    const shown = look.effect === "iris" ? REGION_GROUPS.iris : look.effect === "lipstick" ? REGION_GROUPS.lips : look.regions;
    for (const part of PARTS) {
      const patch = findPatch(face, part.filter((region) => shown.includes(region)), frame);
      if (!patch) continue;
      this.#keep(frame, patch.box);
      if (look.effect === "iris") effects.recolor(frame, patch, look.irisRgb, effects.IRIS_PULL, strength);
      else if (look.effect === "lipstick") effects.recolor(frame, patch, look.lipstickRgb, effects.LIPSTICK_PULL, strength);
      else if (look.effect === "contour") effects.contour(frame, patch, solid);
      else effects.overlay(frame, patch, look.opacity);
    }
  }

  #pixelate(frame: Image, face: Face, look: Look): void {
    PARTS.forEach((part, number) => {
      if (!part.some((region) => look.regions.includes(region) && face.regions.includes(region))) return;
      const box = hidingBox(number, findPatch(face, part, frame), face.crop, frame);
      if (!box) return;
      this.#keep(frame, box);
      effects.pixelate(frame, box);
    });
  }

  #keep(frame: Image, box: Box): void {
    this.#below.push({ box, pixels: effects.cutOut(frame, box) });
  }
}
