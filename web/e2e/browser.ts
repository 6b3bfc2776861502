/** Chromium with a fake camera, and the page in it. */
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, type Page, chromium } from "playwright-core";

export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const PATIENCE_MS = 60_000;

export type CameraOptions = { readonly made: string; readonly camera?: "clip" | "two" | "refused" | "none"; readonly args?: readonly string[] };

export async function launch({ made, camera = "clip", args = [] }: CameraOptions): Promise<Browser> {
  const fake = "--use-fake-device-for-media-stream", allowed = "--use-fake-ui-for-media-stream";
  const cameras = {
    clip: [fake, allowed, `--use-file-for-fake-video-capture=${join(made, "truth/demo.y4m")}`],
    two: [`${fake}=device-count=2`, allowed],
    refused: [fake],
    none: [allowed],
  };
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", ...cameras[camera], ...args] });
}

export type Visit = { readonly page: Page; readonly errors: string[]; readonly requests: string[]; close(): Promise<void> };

/** The page opened anew, with what it complains of and what it asks for. */
export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const page = await context.newPage(), errors: string[] = [], requests: string[] = [];
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) errors.push(message.text()); });
  page.on("pageerror", (error) => errors.push(error.message));
  context.on("request", (request) => requests.push(request.url()));
  await page.goto(url);
  return { page, errors, requests, close: () => context.close() };
}

/** Wait until the networks are loaded. */
export async function ready(page: Page): Promise<void> {
  await page.waitForFunction(() => /^Runs on/.test(document.querySelector("#status")!.textContent!));
}

/** Wait until a face is drawn on. */
export async function seesFace(page: Page): Promise<void> {
  await page.waitForSelector("#picture[data-faces='1']");
}

/** The picture as it is shown, red green blue alpha. */
export async function pixels(page: Page): Promise<Buffer> {
  const text = await page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>("#picture")!;
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true })!;
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    let binary = "";
    for (let at = 0; at < data.length; at += 0x8000) binary += String.fromCharCode(...data.subarray(at, at + 0x8000));
    return btoa(binary);
  });
  return Buffer.from(text, "base64");
}
