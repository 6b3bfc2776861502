/** Pictures as plain arrays, and what every stage does with them: halve, resize by area, warp, blur. */
import { type Box, type Matrix } from "./geometry";

/** Channels interleaved, row after row. */
export type Image = {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array | Uint8ClampedArray;
};
export type Plane = { readonly width: number; readonly height: number; readonly data: Float32Array };

export function newImage(width: number, height: number, channels: number): Image {
  return { width, height, channels, data: new Uint8Array(width * height * channels) };
}

/** A box of the picture at half its size, each pixel the mean of four; an odd last row or column is left out. */
export function halve(image: Image, [left, top, right, bottom]: Box = [0, 0, image.width, image.height]): Image {
  const { channels, data } = image;
  if (channels === 4) return halveFours(image, [left, top, right, bottom]);
  const small = newImage((right - left) >> 1, (bottom - top) >> 1, channels);
  const stride = image.width * channels, out = small.data, rowLength = small.width * channels;
  for (let y = 0, to = 0; y < small.height; y++, to += rowLength) {
    const row = (top + 2 * y) * stride + left * channels;
    for (let c = 0; c < channels; c++) {
      for (let at = row + c, low = at + stride, i = to + c; i < to + rowLength; i += channels, at += 2 * channels, low += 2 * channels) {
        out[i] = (data[at] + data[at + channels] + data[low] + data[low + channels] + 2) >> 2;
      }
    }
  }
  return small;
}

/** The same for four channels: two of them at a time, in the halves of a number of 32 bits. */
function halveFours({ width, data }: Image, [left, top, right, bottom]: Box): Image {
  const small = newImage((right - left) >> 1, (bottom - top) >> 1, 4), pairs = 0x00ff00ff, rounding = 0x00020002;
  const from = new Uint32Array(data.buffer, data.byteOffset, data.length >> 2), out = new Uint32Array(small.data.buffer);
  for (let y = 0, to = 0; y < small.height; y++) {
    for (let x = 0, at = (top + 2 * y) * width + left; x < small.width; x++, at += 2) {
      const a = from[at], b = from[at + 1], c = from[at + width], d = from[at + width + 1];
      const even = ((a & pairs) + (b & pairs) + (c & pairs) + (d & pairs) + rounding) >>> 2;
      const odd = (((a >>> 8) & pairs) + ((b >>> 8) & pairs) + ((c >>> 8) & pairs) + ((d >>> 8) & pairs) + rounding) >>> 2;
      out[to++] = (even & pairs) | ((odd & pairs) << 8);
    }
  }
  return small;
}

/** The picture at another size: by area where it gets smaller, else bilinear, as cv2.resize. */
export function resize(image: Image, width: number, height: number): Image {
  if (image.width === width && image.height === height) return image;
  const shares = width <= image.width && height <= image.height ? areaShares : linearShares;
  const across = shares(image.width, width), down = shares(image.height, height);
  const { channels } = image, out = newImage(width, height, channels);
  const row = new Float64Array(image.width * channels);
  for (let y = 0, to = 0; y < height; y++) {
    row.fill(0);
    for (let j = down.starts[y]; j < down.starts[y + 1]; j++) {
      const start = down.from[j] * row.length, share = down.share[j];
      for (let i = 0; i < row.length; i++) row[i] += share * image.data[start + i];
    }
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0.5;
        for (let j = across.starts[x]; j < across.starts[x + 1]; j++) sum += across.share[j] * row[across.from[j] * channels + c];
        out.data[to++] = Math.floor(sum + 1e-9);
      }
    }
  }
  return out;
}

/** Which pixels a new pixel is made of: those of number i from `starts[i]` to `starts[i + 1]`, each with its share. */
type Shares = { readonly starts: number[]; readonly from: number[]; readonly share: number[] };

function areaShares(length: number, wanted: number): Shares {
  const step = length / wanted, shares: Shares = { starts: [0], from: [], share: [] };
  for (let index = 0; index < wanted; index++) {
    const start = index * step, end = start + step;
    for (let pixel = Math.floor(start); pixel < Math.min(length, end - 1e-9); pixel++) {
      shares.from.push(pixel);
      shares.share.push((Math.min(end, pixel + 1) - Math.max(start, pixel)) / step);
    }
    shares.starts.push(shares.from.length);
  }
  return shares;
}

function linearShares(length: number, wanted: number): Shares {
  const shares: Shares = { starts: [0], from: [], share: [] };
  for (let index = 0; index < wanted; index++) {
    const place = Math.min(length - 1, Math.max(0, ((index + 0.5) * length) / wanted - 0.5)), low = Math.floor(place);
    shares.from.push(low, Math.min(length - 1, low + 1));
    shares.share.push(1 - (place - low), place - low);
    shares.starts.push(shares.from.length);
  }
  return shares;
}

/**
 * Bilinear, 0 outside the picture.
 *
 * @param toSource from the result's pixels to the picture's, first pixel's centre at (0, 0)
 * @param order the channels that are kept, in the order that they are wanted in
 */
export function warp(image: Image, toSource: Matrix, out: Image, order: readonly number[]): void {
  const [a, b, c, d, e, f] = toSource, { width, height, channels, data } = image, stride = width * channels;
  const kept = order.length, result = out.data;
  for (let y = 0, to = 0; y < out.height; y++) {
    let fromX = b * y + c, fromY = e * y + f;
    for (let x = 0; x < out.width; x++, to += kept, fromX += a, fromY += d) {
      const left = Math.floor(fromX), top = Math.floor(fromY);
      if (left < -1 || top < -1 || left >= width || top >= height) {
        for (let k = 0; k < kept; k++) result[to + k] = 0;
        continue;
      }
      const u = fromX - left, v = fromY - top, at = top * stride + left * channels;
      if (left >= 0 && top >= 0 && left + 1 < width && top + 1 < height) {
        const s00 = (1 - u) * (1 - v), s10 = u * (1 - v), s01 = (1 - u) * v, s11 = u * v;
        for (let k = 0; k < kept; k++) {
          const i = at + order[k], low = i + stride;
          result[to + k] = 0.5 + s00 * data[i] + s10 * data[i + channels] + s01 * data[low] + s11 * data[low + channels];
        }
        continue;
      }
      const isLeft = left >= 0, isRight = left + 1 < width, isTop = top >= 0, isBottom = top + 1 < height;
      const w00 = isLeft && isTop ? (1 - u) * (1 - v) : 0, w10 = isRight && isTop ? u * (1 - v) : 0;
      const w01 = isLeft && isBottom ? (1 - u) * v : 0, w11 = isRight && isBottom ? u * v : 0;
      for (let k = 0; k < kept; k++) {
        const i = at + order[k];
        let sum = 0.5;
        if (w00) sum += w00 * data[i];
        if (w10) sum += w10 * data[i + channels];
        if (w01) sum += w01 * data[i + stride];
        if (w11) sum += w11 * data[i + stride + channels];
        result[to + k] = sum;
      }
    }
  }
}

/** Separable Gaussian of width 2 reach + 1, edges mirrored without the edge pixel, as cv2.GaussianBlur. */
export function blur(image: Image, reach: number, sigma: number): Image {
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = Float32Array.from(weights, (weight) => weight / total);
  const { width, height, channels } = image, stride = width * channels;
  const across = new Float32Array(image.data.length), out = newImage(width, height, channels);
  const columns = mirrored(width, reach), rows = mirrored(height, reach);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < shares.length; k++) sum += shares[k] * image.data[y * stride + columns[x + k] * channels + c];
        across[y * stride + x * channels + c] = sum;
      }
    }
  }
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < stride; i++) {
      let sum = 0.5;
      for (let k = 0; k < shares.length; k++) sum += shares[k] * across[rows[y + k] * stride + i];
      out.data[y * stride + i] = sum;
    }
  }
  return out;
}

function mirrored(length: number, reach: number): Int32Array {
  return Int32Array.from({ length: length + 2 * reach }, (_, index) => {
    let at = index - reach;
    while (length > 1 && (at < 0 || at >= length)) at = at < 0 ? -at : 2 * (length - 1) - at;
    return length > 1 ? at : 0;
  });
}
