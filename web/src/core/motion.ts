/** How a face drifts within its crop from frame to frame, seen in the pixels alone, as realtime/tracking/smoothing.py. */
import { type Matrix, type Point, shiftMatrix } from "./geometry";
import { type Image, type Plane, halve } from "./image";
import tables from "./tables.json";

const GRID = tables.motion.gridPx as unknown as readonly Point[];
const { windowPx, maxIterations, leastStepPx, leastTexture, leastPoints, maxOffPx } = tables.motion;
const HALF_WINDOW = (windowPx - 1) / 2;
/** A plane, and its slopes across and down (Scharr, 32 steps per unit). */
type Level = { readonly gray: Plane; readonly across: Float32Array; readonly down: Float32Array };
type Pair = { readonly from: Point; readonly to: Point };

/**
 * The drift between one crop of a face and the next: pyramidal Lucas-Kanade on a fixed grid of the halved crop, then the
 * similarity that most of its points agree on.
 * Source: Bouguet, Pyramidal implementation of the Lucas Kanade feature tracker, Intel 2000.
 */
export class CropMotion {
  #before?: Level[];

  /** From the last crop to this one (first pixel's centre at (0, 0)); undefined where too few points can be followed. */
  follow(cropBgr: Image): Matrix | undefined {
    const before = this.#before, fine = grayOf(halve(cropBgr));
    const now = this.#before = [withSlopes(fine), withSlopes(pyramidDown(fine))];
    if (!before) return undefined;
    const pairs: Pair[] = [];
    for (const from of GRID) {
      const to = followPoint(before, now, from);
      if (to) pairs.push({ from, to });
    }
    const common = pairs.length >= leastPoints ? commonMotion(pairs) : [];
    if (common.length < leastPoints) return undefined;
    const [a, b, c, d, e, f] = shiftMatrix(fitSimilarity(common), -0.5);
    return shiftMatrix([a, b, c * 2, d, e, f * 2], 0.5);
  }
}

function grayOf({ width, height, data }: Image): Plane {
  const gray = new Float32Array(width * height);
  for (let i = 0, from = 0; i < gray.length; i++, from += 3) {
    gray[i] = Math.round(0.114 * data[from] + 0.587 * data[from + 1] + 0.299 * data[from + 2]);
  }
  return { width, height, data: gray };
}

/** At half the size after a blur of 1 4 6 4 1, as cv2.pyrDown. */
function pyramidDown({ width, height, data }: Plane): Plane {
  const smallWidth = (width + 1) >> 1, smallHeight = (height + 1) >> 1;
  const small = new Float32Array(smallWidth * smallHeight), weights = [1, 4, 6, 4, 1];
  const inside = (at: number, length: number) => (at < 0 ? -at : at >= length ? 2 * (length - 1) - at : at);
  for (let y = 0; y < smallHeight; y++) {
    for (let x = 0; x < smallWidth; x++) {
      let sum = 0;
      for (let j = -2; j <= 2; j++) {
        const row = inside(2 * y + j, height) * width;
        for (let i = -2; i <= 2; i++) sum += weights[j + 2] * weights[i + 2] * data[row + inside(2 * x + i, width)];
      }
      small[y * smallWidth + x] = Math.round(sum / 256);
    }
  }
  return { width: smallWidth, height: smallHeight, data: small };
}

function withSlopes(gray: Plane): Level {
  const { width, height, data } = gray;
  const across = new Float32Array(data.length), down = new Float32Array(data.length);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1, i = y * width + 1; x < width - 1; x++, i++) {
      const up = i - width, low = i + width;
      across[i] = 3 * (data[up + 1] - data[up - 1] + data[low + 1] - data[low - 1]) + 10 * (data[i + 1] - data[i - 1]);
      down[i] = 3 * (data[low - 1] - data[up - 1] + data[low + 1] - data[up + 1]) + 10 * (data[low] - data[up]);
    }
  }
  return { gray, across, down };
}

function followPoint(before: readonly Level[], now: readonly Level[], from: Point): Point | undefined {
  let to: Point = [0, 0];
  for (let level = before.length - 1; level >= 0; level--) {
    const place: Point = [from[0] / 2 ** level, from[1] / 2 ** level];
    const start: Point = level === before.length - 1 ? place : [to[0] * 2, to[1] * 2];
    const found = followInLevel(before[level], now[level].gray, place, start);
    if (!found && level === 0) return undefined;
    to = found ?? start;
  }
  return to;
}

const patch = new Float32Array(windowPx * windowPx);
const patchAcross = new Float32Array(windowPx * windowPx);
const patchDown = new Float32Array(windowPx * windowPx);
const SCALE = 1 / 2 ** 20; // of OpenCV's fixed-point sums, by which its threshold is meant
const STEPS_PER_UNIT = 32;

function followInLevel(before: Level, now: Plane, from: Point, start: Point): Point | undefined {
  const { gray } = before;
  if (!sample(gray, gray.data, from, patch)) return undefined;
  sample(gray, before.across, from, patchAcross);
  sample(gray, before.down, from, patchDown);
  let xx = 0, xy = 0, yy = 0;
  for (let i = 0; i < patch.length; i++) {
    xx += patchAcross[i] * patchAcross[i] * SCALE;
    xy += patchAcross[i] * patchDown[i] * SCALE;
    yy += patchDown[i] * patchDown[i] * SCALE;
  }
  const det = xx * yy - xy * xy;
  const leastEigenvalue = (xx + yy - Math.sqrt((xx - yy) ** 2 + 4 * xy * xy)) / (2 * patch.length);
  if (leastEigenvalue < leastTexture || det < 1.2e-7) return undefined;
  return iterate(now, start, xx / det, xy / det, yy / det);
}

const seen = new Float32Array(windowPx * windowPx);

/** Newton's steps to where the patch lies now; the first three numbers are of the inverse of its structure tensor. */
function iterate(now: Plane, start: Point, xx: number, xy: number, yy: number): Point | undefined {
  let [x, y] = start, lastX = 0, lastY = 0;
  for (let step = 0; step < maxIterations; step++) {
    if (!sample(now, now.data, [x, y], seen)) return undefined;
    let alongX = 0, alongY = 0;
    for (let i = 0; i < seen.length; i++) {
      const change = (seen[i] - patch[i]) * STEPS_PER_UNIT * SCALE;
      alongX += change * patchAcross[i];
      alongY += change * patchDown[i];
    }
    const dx = xy * alongY - yy * alongX, dy = xy * alongX - xx * alongY;
    x += dx;
    y += dy;
    if (dx * dx + dy * dy <= leastStepPx * leastStepPx) break;
    if (step > 0 && Math.abs(dx + lastX) < 0.01 && Math.abs(dy + lastY) < 0.01) {
      x -= dx / 2;
      y -= dy / 2;
      break;
    }
    lastX = dx;
    lastY = dy;
  }
  return [x, y];
}

/** The window around a point, bilinear; false where it reaches outside. */
function sample({ width, height }: Plane, data: Float32Array, [x, y]: Point, out: Float32Array): boolean {
  const left = Math.floor(x - HALF_WINDOW), top = Math.floor(y - HALF_WINDOW);
  if (!(left >= 0 && top >= 0 && left + windowPx < width && top + windowPx < height)) return false;
  const u = x - HALF_WINDOW - left, v = y - HALF_WINDOW - top;
  const w00 = (1 - u) * (1 - v), w10 = u * (1 - v), w01 = (1 - u) * v, w11 = u * v;
  for (let j = 0, to = 0; j < windowPx; j++) {
    for (let i = 0, at = (top + j) * width + left; i < windowPx; i++, at++) {
      out[to++] = w00 * data[at] + w10 * data[at + 1] + w01 * data[at + width] + w11 * data[at + width + 1];
    }
  }
  return true;
}

const CONFIDENCE = 0.99, MOST_DRAWS = 2000;

/**
 * The pairs that agree with a similarity of two of them, drawn until a better one is unlikely: RANSAC with the very draws
 * of cv2.estimateAffinePartial2D, so that both sides of this program leave out the same points.
 */
function commonMotion(pairs: readonly Pair[]): Pair[] {
  const draw = newDraws(pairs.length);
  let best: Pair[] = [];
  for (let drawn = 0, wanted = MOST_DRAWS; drawn < wanted; drawn++) {
    const one = draw();
    let other = draw();
    while (other === one) other = draw();
    const agreeing = agreeingWith(fitSimilarity([pairs[one], pairs[other]]), pairs);
    if (agreeing.length <= Math.max(best.length, 1)) continue;
    best = agreeing;
    wanted = drawsNeeded(agreeing.length / pairs.length, wanted);
  }
  return best;
}

function agreeingWith([a, b, c, d, e, f]: Matrix, pairs: readonly Pair[]): Pair[] {
  return pairs.filter(({ from: [x, y], to }) => {
    const dx = a * x + b * y + c - to[0], dy = d * x + e * y + f - to[1];
    return dx * dx + dy * dy <= maxOffPx * maxOffPx;
  });
}

/** So many that two agreeing pairs were drawn once with `CONFIDENCE`. */
function drawsNeeded(agreeingShare: number, most: number): number {
  const failing = 1 - agreeingShare ** 2;
  if (failing <= 0) return 0;
  return Math.min(most, Math.round(Math.log(1 - CONFIDENCE) / Math.log(failing)));
}

/** Numbers below `count`, as OpenCV's generator gives them: multiply with carry, from all ones. */
function newDraws(count: number): () => number {
  const low = 0xffff_ffffn;
  let state = (1n << 64n) - 1n;
  return () => {
    state = (state & low) * 4164903690n + (state >> 32n);
    return Number((state & low) % BigInt(count));
  };
}

/** The rotation, scale and shift that bring `from` closest to `to`, by least squares. */
function fitSimilarity(pairs: readonly Pair[]): Matrix {
  let x = 0, y = 0, toX = 0, toY = 0;
  for (const { from, to } of pairs) {
    x += from[0] / pairs.length;
    y += from[1] / pairs.length;
    toX += to[0] / pairs.length;
    toY += to[1] / pairs.length;
  }
  let spread = 0, dot = 0, cross = 0;
  for (const { from, to } of pairs) {
    const dx = from[0] - x, dy = from[1] - y, ex = to[0] - toX, ey = to[1] - toY;
    spread += dx * dx + dy * dy;
    dot += dx * ex + dy * ey;
    cross += dx * ey - dy * ex;
  }
  const cos = dot / spread, sin = cross / spread;
  return [cos, -sin, toX - cos * x + sin * y, sin, cos, toY - sin * x - cos * y];
}
