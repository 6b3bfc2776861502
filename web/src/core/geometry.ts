/**
 * Where the crop lies in the frame, as realtime/core/geometry.py.
 *
 * Convention: points are (x, y) in pixels and the first pixel's centre is (0.5, 0.5). `pixelMatrix` is for arrays, whose
 * first pixel's centre is (0, 0).
 */
import tables from "./tables.json";

export type Point = readonly [number, number];
/** Left, top, and the first column and row that are outside. */
export type Box = readonly [number, number, number, number];
/** a b c / d e f: x' = a x + b y + c, y' = d x + e y + f. */
export type Matrix = readonly [number, number, number, number, number, number];
export type Size = { readonly width: number; readonly height: number };

export const CROP: Size = { width: tables.geometry.cropWidth, height: tables.geometry.cropHeight };
const WHOLE_CROP: Box = [0, 0, CROP.width, CROP.height];

export type Layout = { readonly midEyePx: Point; readonly eyeDistancePx: number; readonly eyeToMouthPx: number };
export const LAYOUTS = tables.geometry.layouts as unknown as Readonly<Record<string, Layout>>;
export const TIGHT = LAYOUTS.tight;

/** Where right eye, left eye and mouth stand in the crop if the face fits. */
export function layoutPoints({ midEyePx: [x, y], eyeDistancePx, eyeToMouthPx }: Layout): Point[] {
  const half = eyeDistancePx / 2;
  return [[x - half, y], [x + half, y], [x, y + eyeToMouthPx]];
}

/** A similarity transform: rotate the frame about the mid-eye point, scale it, shift it into the crop. */
export class Crop {
  readonly matrix: Matrix;
  readonly pixelMatrix: Matrix;

  /**
   * @param midEyePx the point between the eyes, in the frame
   * @param scale crop pixels per frame pixel
   * @param angleRad direction of the eye line in the frame, clockwise as seen
   */
  constructor(
    readonly midEyePx: Point,
    readonly scale: number,
    readonly angleRad: number,
    readonly layout: Layout = TIGHT,
  ) {
    const cos = scale * Math.cos(angleRad), sin = scale * Math.sin(angleRad);
    const [x, y] = midEyePx, [toX, toY] = layout.midEyePx;
    this.matrix = [cos, sin, toX - cos * x - sin * y, -sin, cos, toY + sin * x - cos * y];
    this.pixelMatrix = shiftMatrix(this.matrix, 0.5);
  }

  /** The crop of a face's right eye, left eye and mouth; undefined where no face can have these three points. */
  static fromPoints([right, left, mouth]: readonly Point[], layout: Layout = TIGHT): Crop | undefined {
    const midEye: Point = [(right[0] + left[0]) / 2, (right[1] + left[1]) / 2];
    const eyes = distance(right, left), toMouth = distance(midEye, mouth);
    if (!(Number.isFinite(eyes + toMouth) && Math.min(eyes, toMouth) > 1e-6)) return undefined;
    const scale = Math.min(layout.eyeDistancePx / eyes, layout.eyeToMouthPx / toMouth);
    return new Crop(midEye, scale, Math.atan2(left[1] - right[1], left[0] - right[0]), layout);
  }

  /** Where right eye, left eye and mouth are in the frame if the face fits its crop. */
  get facePoints(): Point[] {
    return layoutPoints(this.layout).map((point) => this.toFrame(point));
  }

  toCrop([x, y]: Point): Point {
    return transform(this.matrix, x, y);
  }

  toFrame([x, y]: Point): Point {
    const [a, b, c, d, e, f] = this.matrix, area = this.scale ** 2;
    return [((x - c) * a + (y - f) * d) / area, ((x - c) * b + (y - f) * e) / area];
  }

  /** The box of the frame around the crop, or around a box of it; undefined where that lies outside the frame. */
  frameBox(frame: Size, [left, top, right, bottom]: Box = WHOLE_CROP): Box | undefined {
    const corners = ([[left, top], [right, top], [left, bottom], [right, bottom]] as Point[]).map((p) => this.toFrame(p));
    const xs = corners.map(([x]) => x), ys = corners.map(([, y]) => y);
    const box: Box = [
      Math.max(0, Math.floor(Math.min(...xs))),
      Math.max(0, Math.floor(Math.min(...ys))),
      Math.min(frame.width, Math.ceil(Math.max(...xs))),
      Math.min(frame.height, Math.ceil(Math.max(...ys))),
    ];
    return box[0] < box[2] && box[1] < box[3] ? box : undefined;
  }
}

export function transform([a, b, c, d, e, f]: Matrix, x: number, y: number): Point {
  return [a * x + b * y + c, d * x + e * y + f];
}

/** The same map for coordinates that are `by` smaller on both of its sides. */
export function shiftMatrix([a, b, c, d, e, f]: Matrix, by: number): Matrix {
  return [a, b, c + by * (a + b) - by, d, e, f + by * (d + e) - by];
}

export function invert([a, b, c, d, e, f]: Matrix): Matrix {
  const det = a * e - b * d;
  return [e / det, -b / det, (b * f - e * c) / det, -d / det, a / det, (d * c - a * f) / det];
}

export function distance(one: Point, other: Point): number {
  return Math.hypot(one[0] - other[0], one[1] - other[1]);
}

/** The angle in (-pi, pi], as Python's math.remainder by a turn. */
export function turnOf(angleRad: number): number {
  const turn = 2 * Math.PI;
  return angleRad - turn * Math.round(angleRad / turn);
}

/** The box that holds both. */
export function boxAround(one: Box | undefined, other: Box | undefined): Box | undefined {
  if (!one || !other) return one ?? other;
  return [
    Math.min(one[0], other[0]), Math.min(one[1], other[1]), Math.max(one[2], other[2]), Math.max(one[3], other[3]),
  ];
}
