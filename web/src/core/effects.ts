/** What each effect does to the pixels around one part of a face, as realtime/drawing/effects.py. Frames are RGBA here. */
import { type Box } from "./geometry";
import { type Image, halve, newImage, resize } from "./image";
import { type Patch, soften, warpToFrame } from "./patch";
import { roundHalfEven } from "./preprocess";
import { COLORS_RGB, type Rgb } from "./regions";
import tables from "./tables.json";

const effects = tables.effects;
const [LUMA_R, LUMA_G, LUMA_B] = effects.lumaRgb;
export const IRIS_PULL = effects.irisPull, LIPSTICK_PULL = effects.lipstickPull;

/** Each region in its own colour, see-through, with soft edges. */
export function overlay(frame: Image, patch: Patch, opacity: number): void {
  const layer = warpToFrame(colorLayer(patch), patch, [0, 1, 2, 3]);
  const alpha = edgeTable(patch.crop.scale, opacity);
  blend(frame, patch.box, (at, color) => {
    const from = at * 4, { data } = layer;
    color[0] = data[from];
    color[1] = data[from + 1];
    color[2] = data[from + 2];
    return alpha[data[from + 3]];
  });
}

/** A thin line around each region, in its colour; the later region's where two of them meet. */
export function contour(frame: Image, patch: Patch, opacity: number): void {
  const { scale } = patch.crop, width = Math.max(effects.lineWidth, effects.thinnestLinePx * scale) / scale;
  const table = Uint8Array.from({ length: 256 }, (_, step) => {
    const away = Math.abs(step - 128) * (effects.distanceStep / scale);
    return Math.round(255 * opacity * clip(width / 2 + 0.5 - away));
  });
  const distances = distancesOf(patch);
  patch.regions.forEach((region, channel) => {
    const line = warpToFrame(distances, patch, [channel]), [red, green, blue] = COLORS_RGB[region];
    blend(frame, patch.box, (at, color) => {
      color[0] = red;
      color[1] = green;
      color[2] = blue;
      return table[line.data[at]];
    });
  });
}

/** Another colour on what stays the same surface: each pixel becomes the shade that its own lightness asks for. */
export function recolor(frame: Image, patch: Patch, rgb: Rgb, pull: number, strength: number): void {
  const prob = warpToFrame(soften(patch), patch, [patch.regions.length]);
  const shades = shadeTable(rgb, meanLuma(frame, patch.box, prob), pull), alpha = featherTable(strength);
  blend(frame, patch.box, (at, color, red, green, blue) => {
    const luma = lumaOf(red, green, blue) * 3;
    color[0] = shades[luma];
    color[1] = shades[luma + 1];
    color[2] = shades[luma + 2];
    return alpha[prob.data[at]];
  });
}

/** A few large blocks, each the mean of what it covers, in place: no pixel of before is left, nor any edge of it. */
export function pixelate(frame: Image, [left, top, right, bottom]: Box): void {
  const width = right - left, height = bottom - top;
  const blockPx = Math.max(2, Math.max(width, height) / effects.blocks);
  let small = cutOut(frame, [left, top, right, bottom]);
  while (Math.min(small.width, small.height) > 8 * effects.blocks) small = halve(small);
  const [across, down] = [width, height].map((length) => Math.max(1, roundHalfEven(length / blockPx)));
  const blocks = resize(small, across, down);
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * blocks.height) / height) * blocks.width;
    for (let x = 0, to = ((top + y) * frame.width + left) * 4; x < width; x++, to += 4) {
      const from = (row + Math.floor((x * blocks.width) / width)) * 4;
      for (let c = 0; c < 3; c++) frame.data[to + c] = blocks.data[from + c];
    }
  }
}

/** A box of the frame, copied. */
export function cutOut(frame: Image, [left, top, right, bottom]: Box): Image {
  const out = newImage(right - left, bottom - top, frame.channels), stride = out.width * frame.channels;
  for (let y = top, to = 0; y < bottom; y++, to += stride) {
    const from = (y * frame.width + left) * frame.channels;
    out.data.set(frame.data.subarray(from, from + stride), to);
  }
  return out;
}

/** 256 shades, red green blue each: what a surface's luma becomes in its new colour. */
export function shadeTable(rgb: Rgb, surfaceLuma: number, pull: number): Uint8Array {
  const colorLuma = Math.max(LUMA_R * rgb[0] + LUMA_G * rgb[1] + LUMA_B * rgb[2], 1), mean = Math.min(surfaceLuma, 254);
  const [least, most] = effects.gainLimits;
  const gain = Math.min(most, Math.max(least, ((colorLuma + 10) / (mean + 10)) ** pull));
  const table = new Uint8Array(256 * 3);
  let newLuma = 0;
  for (let luma = 0; luma < 256; luma++) {
    const aboveMean = clip((luma - mean) / Math.max(255 - mean, 1));
    newLuma = Math.min(255, Math.max(newLuma, luma * (gain + (1 - gain) * aboveMean)));
    const shine = smoothStep(aboveMean * 2 - 1); // the lamp's own colour, not the surface's
    const chroma = Math.min(newLuma / colorLuma, effects.richest) * (1 - shine);
    for (let c = 0; c < 3; c++) {
      table[luma * 3 + c] = Math.min(255, Math.max(0, Math.round(newLuma + chroma * (rgb[c] - colorLuma))));
    }
  }
  return table;
}

/** Alpha for each level of probability; crisper where the crop's pixels are enlarged. */
export function edgeTable(scale: number, opacity: number): Uint8Array {
  const steepness = Math.round((effects.edgeSteepness / Math.sqrt(Math.min(scale, 1))) * 10) / 10;
  return levelTable((level) => opacity * clip((level - 0.5) * steepness + 0.5));
}

/** Alpha that sets in and levels off gently. */
export function featherTable(strength: number): Uint8Array {
  const [from, to] = effects.feather;
  return levelTable((level) => strength * smoothStep((level - from) / (to - from)));
}

function levelTable(alphaOf: (level: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, level) => Math.round(255 * alphaOf(level / 255)));
}

/** On the softened grid: the colour, also beyond the edge, and how sure it is to be a region. */
function colorLayer(patch: Patch): Image {
  const softened = soften(patch), count = patch.regions.length, colors = patch.regions.map((region) => COLORS_RGB[region]);
  const layer = newImage(softened.width, softened.height, 4);
  for (let from = 0, to = 0; from < softened.data.length; from += count + 1, to += 4) {
    let total = 0, red = 0, green = 0, blue = 0;
    for (let k = 0; k < count; k++) {
      const weight = softened.data[from + k] ** 2; // the surer region takes most of a pixel
      total += weight;
      red += weight * colors[k][0];
      green += weight * colors[k][1];
      blue += weight * colors[k][2];
    }
    const share = 1 / Math.max(total, 1);
    layer.data[to] = red * share + 0.5;
    layer.data[to + 1] = green * share + 0.5;
    layer.data[to + 2] = blue * share + 0.5;
    layer.data[to + 3] = softened.data[from + count];
  }
  return layer;
}

/** On the softened grid: how far inside each region's edge a pixel lies, in steps; 128 is on the edge. */
function distancesOf(patch: Patch): Image {
  const { width, height, channels, data } = soften(patch), stride = width * channels;
  const steps = newImage(width, height, channels - 1);
  for (let y = 0, to = 0; y < height; y++) {
    const row = y * stride, up = y ? -stride : height > 1 ? stride : 0, low = y < height - 1 ? stride : -stride;
    for (let x = 0; x < width; x++) {
      const left = x ? -channels : channels, right = x < width - 1 ? channels : -channels;
      for (let c = 0; c < channels - 1; c++) {
        const at = row + x * channels + c;
        const across =
          data[at + up + right] - data[at + up + left] + 2 * (data[at + right] - data[at + left]) +
          data[at + low + right] - data[at + low + left];
        const down =
          data[at + low + left] - data[at + up + left] + 2 * (data[at + low] - data[at + up]) +
          data[at + low + right] - data[at + up + right];
        const slope = Math.max(effects.flattestEdge, Math.sqrt(across * across + down * down) / 8);
        const step = Math.round((data[at] - 127.5) / slope / effects.distanceStep + 128);
        steps.data[to++] = step < 0 ? 0 : step > 255 ? 255 : step;
      }
    }
  }
  return steps;
}

function meanLuma({ data, width }: Image, [left, top, right, bottom]: Box, prob: Image): number {
  let sum = 0, count = 0;
  for (let y = top, at = 0; y < bottom; y++) {
    for (let x = left, from = (y * width + left) * 4; x < right; x++, at++, from += 4) {
      if (prob.data[at] <= 127) continue;
      sum += lumaOf(data[from], data[from + 1], data[from + 2]);
      count++;
    }
  }
  return count ? sum / count : 0;
}

function lumaOf(red: number, green: number, blue: number): number {
  return (LUMA_R * red + LUMA_G * green + LUMA_B * blue + 0.5) | 0;
}

type Paint = (at: number, color: Uint8Array, red: number, green: number, blue: number) => number;
const painted = new Uint8Array(3);

/** Colours over the frame in a box: `paint` sets the colour of a pixel and answers with its alpha, 0 to 255. */
function blend(frame: Image, [left, top, right, bottom]: Box, paint: Paint): void {
  const { data } = frame;
  for (let y = top, at = 0; y < bottom; y++) {
    for (let x = left, to = (y * frame.width + left) * 4; x < right; x++, at++, to += 4) {
      const alpha = paint(at, painted, data[to], data[to + 1], data[to + 2]);
      if (!alpha) continue;
      data[to] = Math.round((painted[0] * alpha + data[to] * (255 - alpha)) / 255);
      data[to + 1] = Math.round((painted[1] * alpha + data[to + 1] * (255 - alpha)) / 255);
      data[to + 2] = Math.round((painted[2] * alpha + data[to + 2] * (255 - alpha)) / 255);
    }
  }
}

function clip(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}

function smoothStep(ramp: number): number {
  const inside = clip(ramp);
  return inside * inside * (3 - 2 * inside);
}
