/** What the network's probabilities say, as realtime/face.py: the region of each pixel, and where the parts are. */
import { type Box, CROP, type Point } from "./geometry";
import { BACKGROUND, PARTS, type Region } from "./regions";
import tables from "./tables.json";

/** One plane of 218 x 178 after the other, a plane for each of a model's regions. */
export type Probs = Float32Array;
export const PLANE = CROP.width * CROP.height;

export type Part = { readonly point?: Point; readonly areaPx: number; readonly certainty: number; readonly box?: Box };

/** The output channels of right eye, left eye and mouth; undefined where a model lacks one, so that it follows no face. */
export function partChannels(regions: readonly Region[]): number[][] | undefined {
  const channels = PARTS.map((part) => part.map((region) => regions.indexOf(region)).filter((at) => at >= 0));
  return channels.every((part) => part.length) ? channels : undefined;
}

/** Centroid, area, certainty and box of each part. */
export function measureParts(probs: Probs, channels: readonly (readonly number[])[]): Part[] {
  return channels.map((part) => measurePart(probs, part));
}

const summed = new Float32Array(PLANE);

/** The sum of these channels; valid until it is asked for again. */
export function sumOf(probs: Probs, channels: readonly number[]): Float32Array {
  const first = channels[0] * PLANE;
  if (channels.length === 1) return probs.subarray(first, first + PLANE);
  const second = channels[1] * PLANE;
  for (let i = 0; i < PLANE; i++) summed[i] = probs[first + i] + probs[second + i];
  for (let c = 2; c < channels.length; c++) {
    for (let i = 0, from = channels[c] * PLANE; i < PLANE; i++, from++) summed[i] += probs[from];
  }
  return summed;
}

function measurePart(probs: Probs, channels: readonly number[]): Part {
  const { width } = CROP, prob = sumOf(probs, channels);
  let areaPx = 0, mass = 0, massX = 0, massY = 0;
  let left = width, right = -1, top = CROP.height, bottom = -1;
  for (let i = 0; i < PLANE; i++) {
    if (!(prob[i] > 0.5)) continue;
    const y = (i / width) | 0, x = i - y * width, lead = prob[i] - 0.5;
    areaPx++;
    mass += lead;
    massX += lead * x;
    massY += lead * y;
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < top) top = y;
    bottom = y;
  }
  const box: Box | undefined = areaPx ? [left, top, right + 1, bottom + 1] : undefined;
  if (areaPx < tables.postprocess.minAreaPx) return { areaPx, certainty: 0, box };
  return { point: [massX / mass + 0.5, massY / mass + 0.5], areaPx, certainty: 0.5 + mass / areaPx, box };
}

/** Region ids: the most probable region, background where a model without that channel is unsure. */
export function labelCrop(probs: Float32Array, regions: readonly Region[]): Uint8Array {
  const plane = probs.length / regions.length;
  const ids = new Uint8Array(plane).fill(regions[0]), best = probs.slice(0, plane);
  for (let channel = 1; channel < regions.length; channel++) {
    for (let i = 0, from = channel * plane; i < plane; i++, from++) {
      if (probs[from] > best[i]) {
        best[i] = probs[from];
        ids[i] = regions[channel];
      }
    }
  }
  if (!regions.includes(BACKGROUND)) {
    for (let i = 0; i < plane; i++) if (best[i] < 0.5) ids[i] = BACKGROUND;
  }
  return ids;
}
