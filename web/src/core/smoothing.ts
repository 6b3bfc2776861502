/** Steadier crops and masks, as realtime/tracking/smoothing.py: the One-Euro filter, and a mean that moves with the face. */
import { type Box, CROP, Crop, type Matrix, boxAround, invert, turnOf } from "./geometry";
import { type Image } from "./image";
import { CropMotion } from "./motion";
import { PLANE, type Probs } from "./postprocess";
import tables from "./tables.json";

export type Strength = { readonly cutoffHz: number; readonly cutoffPerSpeed: number; readonly meanShare: number };
export const STRENGTHS: Readonly<Record<"low" | "high", Strength>> = tables.smoothing.strengths;
const { speedCutoffHz, forgetfulChange, rimPx, turnRadiusPx } = tables.smoothing;

/** A low-pass whose cutoff rises with speed. Source: Casiez, Roussel and Vogel, CHI 2012. */
export class OneEuroFilter {
  #values?: number[];
  #speeds: number[] = [];
  #timeS = 0;

  constructor(private readonly strength: Strength) {}

  /** @param pxPerUnit crop pixels that one unit of each number moves the face by */
  filter(values: readonly number[], timeS: number, pxPerUnit: readonly number[]): number[] {
    const elapsed = timeS - this.#timeS, last = this.#values;
    this.#timeS = timeS;
    if (!last || elapsed <= 0) {
      this.#speeds = values.map(() => 0);
      this.#values = [...values];
      return [...values];
    }
    const speedShare = lowPassShare(speedCutoffHz, elapsed);
    this.#speeds = this.#speeds.map((speed, i) => speed + speedShare * ((values[i] - last[i]) / elapsed - speed));
    this.#values = last.map((value, i) => {
      const pxPerS = Math.abs(this.#speeds[i] * pxPerUnit[i]);
      const cutoff = this.strength.cutoffHz + this.strength.cutoffPerSpeed * pxPerS;
      return value + lowPassShare(cutoff, elapsed) * (values[i] - value);
    });
    return [...this.#values];
  }
}

function lowPassShare(cutoffHz: number, elapsedS: number): number {
  const rate = 2 * Math.PI * cutoffHz * elapsedS;
  return rate / (rate + 1);
}

/** One face's crop over time: the filter on its four numbers. */
export class CropSmoother {
  readonly #filter: OneEuroFilter;
  #angleRad = 0;

  constructor(strength: Strength) {
    this.#filter = new OneEuroFilter(strength);
  }

  smooth({ midEyePx, scale, angleRad, layout }: Crop, timeS: number): Crop {
    this.#angleRad += turnOf(angleRad - this.#angleRad); // never jumps at half a turn
    const numbers = [...midEyePx, Math.log(scale), this.#angleRad];
    const [x, y, logScale, angle] = this.#filter.filter(numbers, timeS, [scale, scale, turnRadiusPx, turnRadiusPx]);
    return new Crop([x, y], Math.exp(logScale), angle, layout);
  }
}

/** The mean around one part of the face, in the crop of the last frame. */
type MeanPatch = { readonly partBox: Box; readonly box: Box; readonly planes: Float32Array[] };

/** One face's probabilities over time: an exponential mean in crop space, carried along as the face drifts in it. */
export class ProbsSmoother {
  readonly #motion = new CropMotion();
  readonly #patches: (MeanPatch | undefined)[];

  /** @param channels of each part that is smoothed, each with the background where there is one */
  constructor(
    private readonly strength: Strength,
    private readonly channels: readonly (readonly number[])[],
  ) {
    this.#patches = channels.map(() => undefined);
  }

  /** Put the mean so far in place of these probabilities, around the parts. */
  smooth(probs: Probs, cropBgr: Image, boxes: readonly (Box | undefined)[]): void {
    const drift = this.#motion.follow(cropBgr);
    this.channels.forEach((channels, index) => {
      const partBox = boxes[index] && withRim(boxes[index]);
      const old = drift && this.#patches[index];
      const box = boxAround(partBox, old?.partBox);
      this.#patches[index] = undefined;
      if (!box) return;
      const planes = channels.map((channel, at) => {
        const mean = cut(probs, channel, box);
        if (old && drift) {
          this.#mix(mean, carried(old.planes[at], old.box, drift, box));
          paste(probs, channel, box, mean);
        }
        return mean;
      });
      if (partBox) this.#patches[index] = { partBox, box, planes };
    });
  }

  #mix(mean: Float32Array, old: Float32Array): void {
    const share = this.strength.meanShare, forgetting = share / forgetfulChange ** 2;
    for (let i = 0; i < mean.length; i++) {
      const change = mean[i] - old[i];
      mean[i] = old[i] + change * (1 - share + forgetting * change * change);
    }
  }
}

/** A plane of the patch where the drift has brought it, in this box of the crop; its edge goes on outside. */
function carried(plane: Float32Array, from: Box, drift: Matrix, box: Box): Float32Array {
  const [a, b, c, d, e, f] = invert(drift), width = from[2] - from[0], height = from[3] - from[1];
  const out = new Float32Array((box[2] - box[0]) * (box[3] - box[1]));
  for (let y = box[1], to = 0; y < box[3]; y++) {
    for (let x = box[0]; x < box[2]; x++) {
      const fromX = Math.min(width - 1, Math.max(0, a * x + b * y + c - from[0]));
      const fromY = Math.min(height - 1, Math.max(0, d * x + e * y + f - from[1]));
      const left = Math.floor(fromX), top = Math.floor(fromY), u = fromX - left, v = fromY - top;
      const at = top * width + left, right = left + 1 < width ? 1 : 0, below = top + 1 < height ? width : 0;
      const upper = plane[at] * (1 - u) + plane[at + right] * u;
      const lower = plane[at + below] * (1 - u) + plane[at + below + right] * u;
      out[to++] = upper * (1 - v) + lower * v;
    }
  }
  return out;
}

function cut(probs: Probs, channel: number, [left, top, right, bottom]: Box): Float32Array {
  const width = right - left, out = new Float32Array(width * (bottom - top));
  for (let y = top, to = 0; y < bottom; y++, to += width) {
    const row = channel * PLANE + y * CROP.width;
    out.set(probs.subarray(row + left, row + right), to);
  }
  return out;
}

function paste(probs: Probs, channel: number, [left, top, right, bottom]: Box, plane: Float32Array): void {
  const width = right - left;
  for (let y = top, from = 0; y < bottom; y++, from += width) {
    probs.set(plane.subarray(from, from + width), channel * PLANE + y * CROP.width + left);
  }
}

function withRim([left, top, right, bottom]: Box): Box {
  return [
    Math.max(0, left - rimPx), Math.max(0, top - rimPx), Math.min(CROP.width, right + rimPx),
    Math.min(CROP.height, bottom + rimPx),
  ];
}
