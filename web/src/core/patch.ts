/** One part of a face, an eye or the mouth: where it lies, and its soft probabilities, as realtime/drawing/parts.py. */
import { type Box, CROP, type Crop, type Matrix, type Point, type Size, layoutPoints } from "./geometry";
import { type Image, blur, newImage, warp } from "./image";
import { PLANE, sumOf } from "./postprocess";
import { roundHalfEven } from "./preprocess";
import { type Region } from "./regions";
import tables from "./tables.json";
import { type Face } from "./tracker";

const { faintestProb, hiddenHalves, hiddenMargin, farthestReach, blur: BLUR } = tables.patch;

export type Patch = {
  /** That are shown of the part, in the order of the model's channels. */
  readonly regions: readonly Region[];
  /** Probability times 255 of each region, and as the last channel their sum, in a box of the crop. */
  readonly levels: Image;
  /** Of the crop, around what is seen. */
  readonly cropBox: Box;
  /** Of the frame, around all that may be drawn. */
  readonly box: Box;
  readonly crop: Crop;
  /** In the crop, of the grid that `soften` makes. */
  readonly leftTop: Point;
  /** Crop pixels by which `soften` spreads what is seen. */
  readonly reach: number;
};

/** The patch of these regions; undefined where the model has none of them, none is seen, or it lies outside the frame. */
export function findPatch(face: Face, part: readonly Region[], frame: Size): Patch | undefined {
  const channels = face.regions.flatMap((region, channel) => (part.includes(region) ? [channel] : []));
  const seen = channels.length ? seenBox(face, channels) : undefined;
  if (!seen) return undefined;
  const { crop } = face, [left, top, right, bottom] = seen;
  const reach = Math.ceil(Math.min(Math.max(crop.scale, 2), farthestReach)); // a small face's pixel spans more of them
  const box = crop.frameBox(frame, [left - reach, top - reach, right + reach, bottom + reach]);
  if (!box) return undefined;
  const grid: Box = [
    Math.max(left - reach, 0), Math.max(top - reach, 0), Math.min(right + reach, CROP.width),
    Math.min(bottom + reach, CROP.height),
  ];
  return {
    regions: channels.map((channel) => face.regions[channel]),
    levels: levelsOf(face, channels, grid),
    cropBox: seen,
    box,
    crop,
    leftTop: [grid[0] - reach, grid[1] - reach],
    reach,
  };
}

function seenBox({ probs }: Face, channels: readonly number[]): Box | undefined {
  const { width } = CROP, faintest = Math.floor(faintestProb * 255);
  let left = width, right = -1, top = -1, bottom = -1;
  const prob = sumOf(probs, channels), farBelow = (faintest - 2) / 255;
  for (let i = 0; i < PLANE; i++) {
    if (prob[i] < farBelow) continue; // no need to round each channel
    if (sumOfLevels(probs, channels, i) <= faintest) continue;
    const y = (i / width) | 0, x = i - y * width;
    if (x < left) left = x;
    if (x > right) right = x;
    if (top < 0) top = y;
    bottom = y;
  }
  return right < 0 ? undefined : [left, top, right + 1, bottom + 1];
}

function sumOfLevels(probs: Float32Array, channels: readonly number[], at: number): number {
  let sum = 0;
  for (const channel of channels) sum += Math.round(probs[channel * PLANE + at] * 255);
  return Math.min(255, sum);
}

function levelsOf({ probs }: Face, channels: readonly number[], [left, top, right, bottom]: Box): Image {
  const levels = newImage(right - left, bottom - top, channels.length + 1);
  for (let y = top, to = 0; y < bottom; y++) {
    for (let x = left, at = y * CROP.width + left; x < right; x++, at++) {
      for (const channel of channels) levels.data[to++] = Math.round(probs[channel * PLANE + at] * 255);
      levels.data[to++] = sumOfLevels(probs, channels, at);
    }
  }
  return levels;
}

/** With a rim of nothing, blurred: what jumps from one pixel to the next is a staircase when enlarged. */
export function soften({ levels, reach }: Patch): Image {
  const { width, height, channels, data } = levels;
  const rimmed = newImage(width + 2 * reach, height + 2 * reach, channels);
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width * channels, (y + 1) * width * channels);
    rimmed.data.set(row, ((y + reach) * rimmed.width + reach) * channels);
  }
  return blur(rimmed, reach, BLUR * reach);
}

/** What was worked out on the softened grid, in the frame's box; of these channels. */
export function warpToFrame(softened: Image, { crop, box, leftTop }: Patch, channels: readonly number[]): Image {
  const [a, b, c, d, e, f] = crop.pixelMatrix, [left, top, right, bottom] = box;
  const toGrid: Matrix = [a, b, c + a * left + b * top - leftTop[0], d, e, f + d * left + e * top - leftTop[1]];
  const out = newImage(right - left, bottom - top, channels.length);
  warp(softened, toGrid, out, channels);
  return out;
}

/** The box of the frame that must be covered so that an eye or the mouth cannot be recognised, seen or not. */
export function hidingBox(part: number, patch: Patch | undefined, crop: Crop, frame: Size): Box | undefined {
  const away = crop.layout.eyeDistancePx, [x, y] = layoutPoints(crop.layout)[part];
  const halfWidth = away * hiddenHalves[part][0], halfHeight = away * hiddenHalves[part][1];
  let [left, top, right, bottom] = [x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight];
  if (patch) {
    const [seenLeft, seenTop, seenRight, seenBottom] = patch.cropBox, margin = hiddenMargin * (seenRight - seenLeft);
    left = Math.min(left, seenLeft - margin);
    right = Math.max(right, seenRight + margin);
    top = Math.min(top, seenTop - margin);
    bottom = Math.max(bottom, seenBottom + margin);
  }
  const [l, t, r, b] = [left, top, right, bottom].map(roundHalfEven);
  return crop.frameBox(frame, [l, t, r, b]);
}
