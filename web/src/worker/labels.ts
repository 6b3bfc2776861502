/** Region ids at the frame's own resolution, as realtime/face.py. */
import { type Box, CROP, type Matrix, type Size } from "../core/geometry";
import { labelCrop, PLANE } from "../core/postprocess";
import { BACKGROUND } from "../core/regions";
import type { Face } from "../core/tracker";

/** One face's ids in the whole frame, row after row. */
export function frameLabels(face: Face, frame: Size): Uint8Array {
  const labels = new Uint8Array(frame.width * frame.height), box = face.crop.frameBox(frame);
  if (!box) return labels;
  const ids = labelCrop(warpProbs(face, box), face.regions), width = box[2] - box[0];
  for (let y = box[1], from = 0; y < box[3]; y++, from += width) {
    labels.set(ids.subarray(from, from + width), y * frame.width + box[0]);
  }
  return labels;
}

/** Probabilities, not ids, are brought to the frame's size, so that edges stay smooth on a large face. */
function warpProbs({ probs, regions, crop }: Face, box: Box): Float32Array {
  const [a, b, c, d, e, f]: Matrix = crop.pixelMatrix, width = box[2] - box[0], plane = width * (box[3] - box[1]);
  const out = new Float32Array(regions.length * plane);
  const background = regions.indexOf(BACKGROUND);
  if (background >= 0) out.fill(1e-6, background * plane, (background + 1) * plane); // outside the crop, and a tie's winner
  for (let y = box[1], to = 0; y < box[3]; y++) {
    for (let x = box[0]; x < box[2]; x++, to++) {
      const fromX = a * x + b * y + c, fromY = d * x + e * y + f, left = Math.floor(fromX), top = Math.floor(fromY);
      if (left < 0 || top < 0 || left + 1 >= CROP.width || top + 1 >= CROP.height) continue;
      const u = fromX - left, v = fromY - top;
      for (let channel = 0; channel < regions.length; channel++) {
        const at = channel * PLANE + top * CROP.width + left;
        out[channel * plane + to] =
          (probs[at] * (1 - u) + probs[at + 1] * u) * (1 - v) + (probs[at + CROP.width] * (1 - u) + probs[at + CROP.width + 1] * u) * v;
      }
    }
  }
  return out;
}
