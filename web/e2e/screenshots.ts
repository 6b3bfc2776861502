/** The pictures of docs/web.md, of the demo alone: `make web-pictures`. */
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { launch, ready, seesFace, visit } from "./browser";
import { serve } from "./server";
import { makeAll } from "./setup";

const DOCS = resolve(import.meta.dirname, "../../docs/web");
const PICTURES = [
  { name: "desktop", width: 1280, height: 860, colorScheme: "light", effect: "overlay", fullPage: false },
  { name: "desktop-dark", width: 1280, height: 860, colorScheme: "dark", effect: "lipstick", fullPage: false },
  { name: "phone", width: 390, height: 844, colorScheme: "light", effect: "iris", fullPage: true },
] as const;

const made = makeAll(), server = await serve(join(made, "page")), browser = await launch({ made });
for (const { name, width, height, colorScheme, effect, fullPage } of PICTURES) {
  const { page, close } = await visit(browser, server.url, { viewport: { width, height }, colorScheme });
  await ready(page);
  await page.click("#demo");
  await seesFace(page);
  await page.check(`#effects input[value=${effect}]`);
  await page.waitForTimeout(4_000);
  await page.screenshot({ path: join(DOCS, `${name}.jpg`), type: "jpeg", quality: 86, fullPage });
  console.log(`wrote ${join(DOCS, `${name}.jpg`)}`);
  await close();
}
await browser.close();
await server.stop();
rmSync(made, { recursive: true });
