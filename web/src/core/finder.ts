/** Where the faces of a frame are, from a thumbnail of it, as realtime/tracking/finder.py. */
import { type Point, distance } from "./geometry";
import { type Image } from "./image";
import { thumbnail } from "./preprocess";
import tables from "./tables.json";

/** Score in [0, 1]; right eye, left eye and mouth in frame pixels. */
export type FoundFace = { readonly score: number; readonly points: Point[] };
/** The finder network: a square BGR thumbnail in; rows of a score and three points out, the best first. */
export type RunFinder = (thumbnailBgr: Image) => Promise<Float32Array>;
const ROW = 7;

export async function findFaces(frameRgba: Image, run: RunFinder): Promise<FoundFace[]> {
  const { square, scale } = thumbnail(frameRgba);
  const rows = await run(square), found: FoundFace[] = [];
  for (let at = 0; at + ROW <= rows.length; at += ROW) {
    const points = [1, 3, 5].map((i): Point => [rows[at + i] / scale, rows[at + i + 1] / scale]);
    const isNew = rows[at] >= tables.finder.minScore && !found.some((other) => isSameFace(points, other.points));
    if (isNew) found.push({ score: rows[at], points });
  }
  return found;
}

/** Whether two sets of three points lie on one face. */
export function isSameFace(one: readonly Point[], other: readonly Point[]): boolean {
  const eyes = Math.max(distance(one[1], one[0]), distance(other[1], other[0]));
  return distance(middle(one), middle(other)) < tables.finder.sameFaceShare * eyes;
}

function middle(points: readonly Point[]): Point {
  const sum = points.reduce(([x, y], [px, py]) => [x + px, y + py], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}
