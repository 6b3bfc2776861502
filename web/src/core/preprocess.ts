/** Frame to network input, as realtime/core/geometry.py: the crop of a face, and the thumbnail of a frame; both BGR. */
import { type Box, CROP, type Crop, type Matrix, type Size, invert } from "./geometry";
import { type Image, halve, newImage, resize, warp } from "./image";
import tables from "./tables.json";

export const FINDER_SIDE_PX = tables.finder.sidePx;
const BGR_OF_RGBA = [2, 1, 0] as const;

/** The face turned upright and brought to the crop's size; black where the crop reaches past the frame. */
export function cropFace(frameRgba: Image, crop: Crop): Image {
  const out = newImage(CROP.width, CROP.height, 3);
  const reduce = 2 ** Math.max(0, Math.trunc(Math.log2(1 / crop.scale)));
  const box = wholeBlocks(crop.frameBox(frameRgba), reduce, frameRgba);
  if (!box) return out;
  const [left, top] = box;
  const [a, b, c, d, e, f] = crop.pixelMatrix;
  if (reduce === 1) {
    warp(frameRgba, invert(crop.pixelMatrix), out, BGR_OF_RGBA);
    return out;
  }
  let part = halve(frameRgba, box);
  for (let size = 2; size < reduce; size *= 2) part = halve(part);
  const x = (reduce - 1) / 2 + left, y = (reduce - 1) / 2 + top; // of a reduced pixel's centre
  const matrix: Matrix = [a * reduce, b * reduce, a * x + b * y + c, d * reduce, e * reduce, d * x + e * y + f];
  warp(part, invert(matrix), out, BGR_OF_RGBA);
  return out;
}

/** The box and a block around it for the interpolation, in whole blocks. */
function wholeBlocks(box: Box | undefined, block: number, frame: Size): Box | undefined {
  if (!box) return undefined;
  const left = Math.max(0, box[0] - block), top = Math.max(0, box[1] - block);
  const width = Math.floor((Math.min(frame.width, box[2] + block) - left) / block) * block;
  const height = Math.floor((Math.min(frame.height, box[3] + block) - top) / block) * block;
  return width && height ? [left, top, left + width, top + height] : undefined;
}

/** The whole frame, scaled to fit a square and put in its top left corner, and thumbnail pixels per frame pixel. */
export function thumbnail(frameRgba: Image, sidePx = FINDER_SIDE_PX): { square: Image; scale: number } {
  const { width, height } = frameRgba, scale = sidePx / Math.max(width, height);
  const smallWidth = Math.max(1, roundHalfEven(width * scale)), smallHeight = Math.max(1, roundHalfEven(height * scale));
  let halved = frameRgba;
  while (Math.max(halved.width, halved.height) >= 2 * sidePx && !(halved.width % 2 || halved.height % 2)) {
    halved = halve(halved);
  }
  const small = resize(halved, smallWidth, smallHeight);
  const square = newImage(sidePx, sidePx, 3);
  for (let y = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++) {
      const from = (y * small.width + x) * 4, to = (y * sidePx + x) * 3;
      for (let c = 0; c < 3; c++) square.data[to + c] = small.data[from + BGR_OF_RGBA[c]];
    }
  }
  return { square, scale };
}

/** As Python rounds: a half to the even neighbour. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
}
