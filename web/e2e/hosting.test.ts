/** Hosts, devices and browsers that lack something: a sentence each, and what can go on goes on. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type Visit, launch, ready, seesFace, visit } from "./browser";
import { type Server, type ServerOptions, serve } from "./server";

const made = inject("made"), folder = join(made, "page");
let browser: Browser;

beforeAll(async () => {
  browser = await launch({ made });
});
afterAll(() => browser?.close());

/** The page on such a server, for as long as `use` takes. */
async function on(options: ServerOptions, use: (visited: Visit, server: Server) => Promise<void>, path = ""): Promise<void> {
  const server = await serve(folder, options), visited = await visit(browser, server.url + path);
  try {
    await use(visited, server);
  } finally {
    await visited.close();
    await server.stop();
  }
}

const problem = async ({ page }: Visit) => {
  await page.waitForSelector("#problem:visible");
  return page.textContent("#problem");
};

describe("files of the page", () => {
  test.each<[string, ServerOptions, RegExp]>([
    ["model missing", { missing: "models/unet_lite.onnx" }, /^models\/unet_lite.onnx is missing beside this page \(404\)\.$/],
    ["finder missing", { missing: "models/face_finder.onnx" }, /^models\/face_finder.onnx is missing/],
    ["list of models missing", { missing: "models/models.json" }, /^models\/models.json is missing/],
    ["model damaged", { damaged: "models/unet_lite.onnx" }, /^models\/unet_lite.onnx is damaged: its SHA-256/],
    ["model cut off", { cutOff: "models/unet_lite.onnx" }, /^models\/unet_lite.onnx is damaged/],
    ["runtime missing", { missing: "runtime/ort-wasm-simd-threaded.wasm.gz" }, /wasm.gz is missing/],
    ["runtime cut off", { cutOff: "runtime/ort-wasm-simd-threaded.wasm.gz" }, /wasm.gz is damaged/],
  ])("%s", async (_, options, sentence) => {
    await on(options, async (visited) => {
      expect(await problem(visited)).toMatch(sentence);
      expect(await visited.page.isDisabled("#start")).toBe(true);
    });
  });

  test("only the runtime that is needed is loaded, and nothing that is not the page's", async () => {
    await on({}, async ({ page }, { asked }) => {
      await ready(page);
      const runtimes = asked.filter((name) => name.endsWith(".wasm.gz"));
      expect([...new Set(runtimes)]).toEqual(["runtime/ort-wasm-simd-threaded.wasm.gz"]);
    });
  });

  test("another host cannot be asked: the policy forbids it", async () => {
    await on({}, async ({ page }) => {
      await ready(page);
      const answer = await page.evaluate(() => fetch("https://example.com/").then(() => "asked", (error: Error) => error.name));
      expect(answer).toBe("TypeError");
      const inline = await page.evaluate(() => {
        const script = document.createElement("script");
        script.textContent = "window.ranInline = true";
        document.body.append(script);
        return "ranInline" in window;
      });
      expect(inline).toBe(false);
    });
  });
});

describe("the host's headers", () => {
  test("without them it runs on one thread and says so; a second visit has threads", async () => {
    await on({ headers: false }, async ({ page }) => {
      await ready(page);
      expect(await page.textContent("#status")).toMatch(/^Runs on WASM, 1 thread\. On one thread only: .*COOP and COEP/);
      await page.click("#demo");
      await seesFace(page);
      await page.waitForSelector("html[data-offline=kept]");
      await page.addInitScript(() => Object.defineProperty(navigator, "hardwareConcurrency", { value: 3 }));
      await page.reload();
      await ready(page);
      expect(await page.textContent("#status")).toBe("Runs on WASM, 2 threads.");
      await page.click("#demo");
      await seesFace(page);
    });
  });

  test("after the first visit it runs with no network", async () => {
    await on({}, async ({ page }, server) => {
      await page.waitForSelector("html[data-offline=kept]");
      await server.stop();
      await page.reload();
      await ready(page);
      await page.click("#demo");
      await seesFace(page);
    });
  });

  test("a page that is exported anew takes the place of the one that was kept", async () => {
    const copy = join(made, "copy"), list = join(copy, "files.js"), styles = () => [...document.styleSheets].length;
    cpSync(folder, copy, { recursive: true });
    const server = await serve(copy), { page, close } = await visit(browser, server.url);
    await page.waitForSelector("html[data-offline=kept]");
    writeFileSync(list, readFileSync(list, "utf8").replace(/"version": "\w+"/, '"version": "another"'));
    writeFileSync(join(copy, "index.html"), readFileSync(join(copy, "index.html"), "utf8").replace("<title>", "<title>New: "));
    await page.reload(); // still the old one, while the new one is fetched
    await expect.poll(() => page.evaluate(() => caches.keys()), { timeout: 10_000 }).toEqual(["eye-lip-another"]);
    await page.reload();
    expect(await page.title()).toMatch(/^New: /);
    expect(await page.evaluate(styles)).toBe(1);
    await close();
    await server.stop();
  });
});

describe("the device", () => {
  test.each([
    ["refused", "The camera was not allowed. The demo plays instead."],
    ["none", "No camera was found. The demo plays instead."],
  ] as const)("camera %s: the demo, and why", async (camera, sentence) => {
    const server = await serve(folder), own = await launch({ made, camera });
    try {
      const { page } = await visit(own, server.url, camera === "refused" ? { permissions: [] } : {});
      await ready(page);
      await page.click("#start");
      await seesFace(page);
      expect(await page.textContent("#problem")).toBe(sentence);
      expect(await page.textContent("#status")).toMatch(/^Demo\./);
    } finally {
      await own.close();
      await server.stop();
    }
  });

  test("no WebGPU: the CPU, and why, where the GPU was asked for", async () => {
    await on({}, async ({ page }) => {
      await ready(page);
      expect(await page.textContent("#status")).toMatch(/^Runs on WASM, \d threads?\. WebGPU cannot be had: .+\.$/);
    }, "?backend=webgpu");
  });
});

describe("the layout", () => {
  test.each([["phone", 390, 844], ["small phone", 320, 568], ["desktop", 1280, 860]])("fits a %s", async (_, width, height) => {
    const server = await serve(folder), { page, close } = await visit(browser, server.url, { viewport: { width, height } });
    await ready(page);
    await page.click("#demo");
    await seesFace(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    const narrow = await page.$$eval("button, .button, #effects label, #regions label, select", (all) =>
      all.filter((one) => one.getClientRects().length && one.getBoundingClientRect().height < 36).map((one) => one.textContent));
    expect(narrow, "too low for a finger").toEqual([]);
    await close();
    await server.stop();
  });

  test.each(["light", "dark"] as const)("can be read, and every control has a name: %s", async (colorScheme) => {
    const server = await serve(folder), { page, close } = await visit(browser, server.url, { colorScheme });
    await ready(page);
    await page.check("#effects input[value=lipstick]", { force: true });
    expect(await page.evaluate(lowContrast)).toEqual([]);
    const unnamed = await page.$$eval("button, input, select, fieldset", (all) => all.filter((one) => {
      const labels = (one as HTMLInputElement).labels, text = [one.textContent, one.getAttribute("aria-label"), ...Array.from(labels ?? [], (label) => label.textContent)];
      return !text.some((words) => words?.trim());
    }).map((one) => one.outerHTML));
    expect(unnamed).toEqual([]);
    await close();
    await server.stop();
  });
});

/** Texts of less contrast than 4.5 to 1 with what is behind them (WCAG 2.2, AA); what is disabled is let off. */
function lowContrast(): string[] {
  const numbers = (color: string) => color.match(/[\d.]+/g)!.map(Number);
  const luminance = ([red, green, blue]: number[]) => [red, green, blue]
    .map((value) => value / 255).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (element: Element | null): number[] => {
    if (!element) return [255, 255, 255];
    const color = numbers(getComputedStyle(element).backgroundColor);
    return (color[3] ?? 1) > 0.5 ? color : ground(element.parentElement);
  };
  const texts = [...document.querySelectorAll("body *")].filter((element) =>
    [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent!.trim()) && element.getClientRects().length && !element.closest(":disabled, option"));
  return texts.flatMap((element) => {
    const [one, other] = [luminance(numbers(getComputedStyle(element).color)), luminance(ground(element))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    return ratio < 4.5 ? [`${element.textContent!.trim()}: ${ratio.toFixed(2)}`] : [];
  });
}
