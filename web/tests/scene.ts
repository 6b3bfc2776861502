/** Pictures and masks made of formulas, as web/golden/scene.py. */
import { CROP, type Matrix, type Point } from "../src/core/geometry";
import { type Image, newImage } from "../src/core/image";
import { PLANE, type Probs } from "../src/core/postprocess";
import type { Region } from "../src/core/regions";

export type DrawnFace = { midEye: Point; size: number; angleRad: number; eye: Point; mouth: Point };
export const ALL_REGIONS: readonly Region[] = [0, 1, 2, 3, 4, 5, 6, 7];
/** Of the segmenter that sees nothing, blue, green and red. */
export const COLOR_REGIONS: readonly Region[] = [0, 1, 2, 5];
const UPRIGHT: readonly Point[] = [[-33, 0], [33, 0], [0, 74]];

/** Its frame, RGBA; black without a face. */
export function draw(face: DrawnFace | null, width: number, height: number): Image {
  const frame = newImage(width, height, 4);
  frame.data.forEach((_, i) => { if (i % 4 === 3) frame.data[i] = 255; });
  if (!face) return frame;
  const cos = Math.cos(face.angleRad) / face.size, sin = Math.sin(face.angleRad) / face.size;
  for (let row = 0, to = 0; row < height; row++) {
    for (let column = 0; column < width; column++, to += 4) {
      const x = column + 0.5 - face.midEye[0], y = row + 0.5 - face.midEye[1];
      const along = cos * x + sin * y, down = cos * y - sin * x;
      const ground = 40 + 18 * Math.sin(0.37 * along + 0.11 * down) + 18 * Math.cos(0.41 * down - 0.13 * along);
      [face.eye, face.eye, face.mouth].forEach((axes, channel) => {
        const light = ellipse(along - UPRIGHT[channel][0], down - UPRIGHT[channel][1], axes);
        frame.data[to + 2 - channel] = Math.floor(ground + (255 - ground) * light + 0.5);
      });
    }
  }
  return frame;
}

function ellipse(x: number, y: number, axes: Point): number {
  const level = 1.5 - Math.hypot(x / Math.max(axes[0], 0.1), y / Math.max(axes[1], 0.1));
  return Math.min(1, Math.max(0, level * 2 - 0.5));
}

/** Where its right eye, left eye and mouth are in the frame, each moved by so much times its size. */
export function pointsOf({ midEye, size, angleRad }: DrawnFace, off: Point = [0, 0]): Point[] {
  const cos = Math.cos(angleRad), sin = Math.sin(angleRad);
  return UPRIGHT.map(([x, y]): Point => [
    (cos * x - sin * y + off[0]) * size + midEye[0], (sin * x + cos * y + off[1]) * size + midEye[1],
  ]);
}

/** What the segmenter sees that takes blue for a right eye, green for a left one and red for lips. */
export function colorProbs(cropBgr: Image): Probs {
  const probs = new Float32Array(4 * PLANE);
  for (let i = 0; i < PLANE; i++) {
    let sum = 0;
    for (let channel = 0; channel < 3; channel++) {
      probs[(channel + 1) * PLANE + i] = cropBgr.data[i * 3 + channel] / 255;
      sum += cropBgr.data[i * 3 + channel] / 255;
    }
    probs[i] = Math.max(0, 1 - sum);
  }
  return probs;
}

/** Regions that are soft ellipses: x, y, half width, half height; the background has the rest. */
export function ellipseProbs(mask: Record<string, readonly number[]>): Probs {
  const probs = new Float32Array(ALL_REGIONS.length * PLANE);
  for (const [region, [x, y, halfWidth, halfHeight]] of Object.entries(mask)) {
    for (let i = 0; i < PLANE; i++) {
      const column = i % CROP.width, row = Math.floor(i / CROP.width);
      probs[Number(region) * PLANE + i] = ellipse(column + 0.5 - x, row + 0.5 - y, [halfWidth, halfHeight]);
    }
  }
  for (let i = 0; i < PLANE; i++) {
    let sum = 0;
    for (let region = 1; region < ALL_REGIONS.length; region++) sum += probs[region * PLANE + i];
    probs[i] = Math.min(1, Math.max(0, 1 - sum));
  }
  return probs;
}

/** Two rows of three, as numpy writes a matrix. */
export function rows([a, b, c, d, e, f]: Matrix): number[][] {
  return [[a, b, c], [d, e, f]];
}
