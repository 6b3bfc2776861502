/** The regions a label map can hold, from realtime/core/regions.py. Left and right are the subject's own. */
import tables from "./tables.json";

export type Region = number;
export type Rgb = readonly [number, number, number];

export const BACKGROUND: Region = 0;
export const REGION_NAMES: readonly string[] = tables.regions.names;
export const COLORS_RGB = tables.regions.colorsRgb as unknown as readonly Rgb[];
export const REGION_GROUPS: Readonly<Record<string, readonly Region[]>> = tables.regions.groups;
/** Right eye, left eye, mouth: the regions whose common centroid is each of the crop's three points. */
export const PARTS: readonly (readonly Region[])[] = tables.regions.parts;

/** The regions of these names, in order; undefined where one is unknown. */
export function regionsFromNames(names: readonly string[]): Region[] | undefined {
  const regions = names.map((name) => REGION_NAMES.indexOf(name));
  return regions.includes(-1) ? undefined : regions;
}
