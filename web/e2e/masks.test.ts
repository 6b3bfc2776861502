/** The page sees what Python sees, on the same frames. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type Visit, launch, ready, visit } from "./browser";
import { type Server, serve } from "./server";

const LEAST_IOU = 0.97;
const LEAST_PX = 40; // of a region group: fewer say nothing

const made = inject("made"), truth = join(made, "truth");
const { fps, compared, groups } = JSON.parse(readFileSync(join(truth, "truth.json"), "utf8")) as {
  fps: number;
  compared: number;
  groups: Record<string, number[]>;
};
let server: Server, browser: Browser, visited: Visit;

beforeAll(async () => {
  server = await serve(join(made, "page"));
  browser = await launch({ made });
  visited = await visit(browser, server.url);
  await ready(visited.page);
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

test.each([
  ["frame", "that follow each other", false],
  ["still", "that have nothing to do with each other", true],
])("masks agree with Python's on ten frames of the demo: %ss %s", async (name, _, isStill) => {
  for (let index = 0; index < compared; index++) {
    const ids = await idsOf(visited.page, readFileSync(join(truth, `${name}${index}.png`)), index / fps, isStill);
    const wanted = readFileSync(join(truth, `${name}${index}.ids`));
    let asked = 0;
    for (const [group, regions] of Object.entries(groups)) {
      const iou = iouOf((at) => regions.includes(ids[at]), (at) => regions.includes(wanted[at]), wanted.length);
      if (iou === undefined) continue;
      asked++;
      expect(iou, `${name} ${index}: ${group}`).toBeGreaterThanOrEqual(LEAST_IOU);
    }
    expect(asked, `${name} ${index}: groups that are seen`).toBeGreaterThanOrEqual(3);
  }
});

test("the mask of a still agrees on WebGPU, too, here in software", async () => {
  const software = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan", "--use-vulkan=swiftshader"];
  const own = await launch({ made, args: software });
  try {
    const { page, errors } = await visit(own, `${server.url}?backend=webgpu`);
    await ready(page);
    expect(await page.textContent("#status")).toBe("Runs on WebGPU.");
    const ids = await idsOf(page, readFileSync(join(truth, "still0.png")), 0, true), wanted = readFileSync(join(truth, "still0.ids"));
    for (const group of ["iris", "eyes", "lips"]) {
      expect(iouOf((at) => groups[group].includes(ids[at]), (at) => groups[group].includes(wanted[at]), wanted.length)).toBeGreaterThanOrEqual(LEAST_IOU);
    }
    expect(errors).toEqual([]);
  } finally {
    await own.close();
  }
});

/** The region ids that the page has for a picture of one face. */
async function idsOf(page: Page, png: Buffer, timeS: number, isStill: boolean): Promise<Buffer> {
  const faces = await page.evaluate(async ({ png, timeS, isStill }) => {
    const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const seen = await window.eyeLip.segment(bitmap, { timeS, isStill });
    return seen.map(({ labels }) => Array.from(labels, (id) => String.fromCharCode(id)).join(""));
  }, { png: png.toString("base64"), timeS, isStill });
  expect(faces.length).toBe(1);
  return Buffer.from(faces[0], "latin1");
}

function iouOf(isOne: (at: number) => boolean, isOther: (at: number) => boolean, length: number): number | undefined {
  let both = 0, either = 0, others = 0;
  for (let at = 0; at < length; at++) {
    both += Number(isOne(at) && isOther(at));
    either += Number(isOne(at) || isOther(at));
    others += Number(isOther(at));
  }
  return others >= LEAST_PX ? both / either : undefined;
}
