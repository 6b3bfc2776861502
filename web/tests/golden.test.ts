/** The TypeScript answers as realtime/ does, in the cases that `python -m web.golden.make` wrote. */
import { describe, expect, test } from "vitest";
import golden from "../golden/vectors.json";
import { portraitMatrix } from "../src/core/demo";
import { cutOut, edgeTable, featherTable, pixelate, shadeTable } from "../src/core/effects";
import { type Box, Crop, LAYOUTS, type Point, transform } from "../src/core/geometry";
import type { Image } from "../src/core/image";
import { CropMotion } from "../src/core/motion";
import { DEFAULT_LOOK, type Effect, Overlay } from "../src/core/overlay";
import { findPatch, hidingBox } from "../src/core/patch";
import { PLANE, labelCrop, measureParts, partChannels } from "../src/core/postprocess";
import { cropFace, thumbnail } from "../src/core/preprocess";
import { PARTS, type Rgb } from "../src/core/regions";
import { CropSmoother, STRENGTHS } from "../src/core/smoothing";
import { FaceTracker } from "../src/core/tracker";
import { ALL_REGIONS, COLOR_REGIONS, type DrawnFace, colorProbs, draw, ellipseProbs, pointsOf, rows } from "./scene";

const FRAME = { width: 320, height: 240 };
const cases = Object.entries as <T>(group: Record<string, T>) => [string, T][];

function close(actual: unknown, expected: unknown, tolerance: number): void {
  const got = flatten(actual), wanted = flatten(expected);
  expect(got.length).toBe(wanted.length);
  wanted.forEach((value, i) => expect(Math.abs(got[i] - value), `number ${i}: ${got[i]}, not ${value}`).toBeLessThanOrEqual(tolerance));
}

function flatten(value: unknown): number[] {
  return Array.isArray(value) || ArrayBuffer.isView(value) ? Array.from(value as number[]).flatMap(flatten) : [value as number];
}

const numbersOf = (crop: Crop) => [...crop.midEyePx, crop.scale, crop.angleRad];
const cropOf = ([x, y, scale, angle]: number[]) => new Crop([x, y], scale, angle);
const every = ({ data, width, height, channels }: Image, step: number) => {
  const kept: number[] = [];
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step) kept.push(...data.subarray((y * width + x) * channels, (y * width + x + 1) * channels));
  }
  return kept;
};
const aFace = (face: unknown) => face as DrawnFace;

describe("crop", () => {
  test.each(cases(golden.crop))("%s", (_, one) => {
    const crop = Crop.fromPoints(one.points as unknown as Point[], LAYOUTS[one.layout])!;
    close(numbersOf(crop), one.numbers, 1e-9);
    close(rows(crop.matrix), one.matrix, 1e-9);
    close(rows(crop.pixelMatrix), one.pixelMatrix, 1e-9);
    close(crop.facePoints, one.facePoints, 1e-9);
    close([crop.toCrop([0, 0]), crop.toCrop([100, 50])], one.toCrop, 1e-9);
    expect(crop.frameBox(FRAME) ?? null).toEqual(one.box);
    expect(crop.frameBox(FRAME, [40, 80, 70, 100]) ?? null).toEqual(one.pieceBox);
  });
});

test.each(cases(golden.cropFace))("crop of a face: %s", (_, one) => {
  const face = aFace(one.face);
  const crop = cropFace(draw(face, FRAME.width, FRAME.height), Crop.fromPoints(pointsOf(face))!);
  close(every(crop, one.every), one.bgr, 3); // OpenCV interpolates in 1/32 of a pixel
});

test.each(cases(golden.thumbnail))("thumbnail of %s", (_, one) => {
  const { square, scale } = thumbnail(draw(aFace(one.face), one.sizeWh[0], one.sizeWh[1]));
  expect(scale).toBeCloseTo(one.scale, 12);
  close(every(square, 11), one.bgr, 2);
});

test.each(cases(golden.parts))("parts of a face: %s", (_, one) => {
  const parts = measureParts(ellipseProbs(one.mask), partChannels(ALL_REGIONS)!);
  expect(parts.map((part) => part.areaPx)).toEqual(one.areas);
  expect(parts.map((part) => part.box ?? null)).toEqual(one.boxes);
  close(parts.map((part) => part.certainty), one.certainty, 1e-4);
  parts.forEach((part, i) => (part.point ? close(part.point, one.points[i], 1e-3) : expect(one.points[i]).toEqual([null, null])));
});

test("labels, with a background and without one", () => {
  const probs = ellipseProbs(golden.labels.mask);
  const counts = (ids: Uint8Array) => ALL_REGIONS.map((region) => ids.filter((id) => id === region).length);
  expect(counts(labelCrop(probs, ALL_REGIONS))).toEqual(golden.labels.counts);
  expect(counts(labelCrop(probs.slice(PLANE), ALL_REGIONS.slice(1)))).toEqual(golden.labels.bare);
});

test.each(cases(golden.motion))("drift within the crop: %s", (_, one) => {
  const crop = Crop.fromPoints(pointsOf(aFace(one.before)))!, motion = new CropMotion();
  expect(motion.follow(cropFace(draw(aFace(one.before), FRAME.width, FRAME.height), crop))).toBeUndefined();
  const drift = motion.follow(cropFace(draw(one.after && aFace(one.after), FRAME.width, FRAME.height), crop));
  if (!one.moved) expect(drift).toBeUndefined();
  else close(one.points.map(([x, y]) => transform(drift!, x, y)), one.moved, 0.15);
});

test.each(cases(golden.smoothing))("One-Euro filter on a crop: %s", (level, { steps }) => {
  const smoother = new CropSmoother(STRENGTHS[level as "low" | "high"]);
  for (const { timeS, crop, smoothed } of steps) close(numbersOf(smoother.smooth(cropOf(crop), timeS)), smoothed, 1e-9);
});

test.each(cases(golden.tracker))("a face comes, moves, blinks, is covered, goes, comes back; smoothing %s", async (level, { steps }) => {
  let face: DrawnFace | null = null, looks = 0;
  const tracker = new FaceTracker(
    async () => {
      looks++;
      return face ? [{ score: 0.9, points: pointsOf(face, [4, -3]) }] : [];
    },
    async (crops) => crops.map(colorProbs),
    { regions: COLOR_REGIONS, layout: LAYOUTS.tight, mostFaces: 1, strength: level === "low" ? STRENGTHS.low : undefined },
  );
  for (const [index, step] of steps.entries()) {
    face = step.face && aFace(step.face);
    looks = 0;
    const faces = await tracker.follow(draw(face, FRAME.width, FRAME.height), step.timeS, false);
    expect(looks, `frame ${index}: looks of the finder`).toBe(step.looks);
    expect(faces.map(({ number }) => number), `frame ${index}`).toEqual(step.faces.map(({ number }) => number));
    faces.forEach(({ crop, probs }, i) => {
      close(numbersOf(crop), step.faces[i].crop, 0.1);
      const means = COLOR_REGIONS.map((_, c) => probs.subarray(c * PLANE, (c + 1) * PLANE).reduce((a, b) => a + b, 0) / PLANE);
      close(means, step.faces[i].mean, 1e-3);
    });
  }
});

test("tables of shades, edges and feathers", () => {
  const { shades, edges, feathers } = golden.tables, seventeenth = (table: Uint8Array) => [...table].filter((_, i) => i % 17 === 0);
  for (const one of shades) {
    const table = shadeTable(one.color as unknown as Rgb, one.mean, one.pull);
    close(Array.from({ length: 16 }, (_, i) => [...table.subarray(i * 51, i * 51 + 3)]), one.shades, 1);
  }
  for (const { scale, opacity, alpha } of edges) close(seventeenth(edgeTable(scale, opacity)), alpha, 1);
  for (const { strength, alpha } of feathers) close(seventeenth(featherTable(strength)), alpha, 1);
});

test.each(cases(golden.hiding))("boxes that hide a face's parts: %s", (_, one) => {
  const crop = cropOf(one.crop), face = { number: 1, crop, probs: ellipseProbs(one.mask), regions: ALL_REGIONS };
  expect(PARTS.map((part, i) => hidingBox(i, findPatch(face, part, FRAME), crop, FRAME) ?? null)).toEqual(one.boxes);
});

test.each(cases(golden.pixelate))("a box of %s, pixelated", (_, one) => {
  const frame = draw(aFace(one.face), FRAME.width, FRAME.height), [left, top, right, bottom] = one.box, box: Box = [left, top, right, bottom];
  pixelate(frame, box);
  close(every(cutOut(frame, box), 7).filter((_, i) => i % 4 !== 3), one.rgb, 2);
});

test.each(cases(golden.overlay))("effect %s", (effect, one) => {
  const drawn = aFace(one.face), frame = draw(drawn, FRAME.width, FRAME.height), before = frame.data.slice();
  const face = { number: 1, crop: Crop.fromPoints(pointsOf(drawn))!, probs: ellipseProbs(one.mask), regions: ALL_REGIONS };
  const overlay = new Overlay();
  overlay.draw(frame, [face], { ...DEFAULT_LOOK, effect: effect as Effect, opacity: one.opacity });
  const off = one.pixels.map(([x, y, ...rgb]) => Math.max(...rgb.map((value, c) => Math.abs(value - frame.data[(y * FRAME.width + x) * 4 + c]))));
  expect(off.reduce((sum, value) => sum + value, 0) / off.length).toBeLessThan(2);
  expect(Math.max(...off)).toBeLessThan(20); // a line's rim, where OpenCV interpolates in 1/32 of a pixel
  let changed = 0;
  for (let i = 0; i < before.length; i += 4) changed += Number([0, 1, 2].some((c) => before[i + c] !== frame.data[i + c]));
  expect(Math.abs(changed / one.changed - 1)).toBeLessThan(0.02);
  overlay.restore(frame);
  expect(Buffer.from(frame.data).equals(Buffer.from(before))).toBe(true);
});

test.each(cases(golden.demo))("the demo's portrait at %s s", (timeS, { matrix }) => {
  close(rows(portraitMatrix(Number(timeS))), matrix, 1e-9);
});
