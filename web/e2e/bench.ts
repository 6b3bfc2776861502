/** What the page takes here: `make bench-web`. The fake camera plays the demo, 640 by 480; one face is followed. */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join, resolve } from "node:path";
import { launch, ready, seesFace, visit } from "./browser";
import { serve } from "./server";
import { makeAll } from "./setup";

const WARM_UP_MS = 3_000, MEASURED_MS = 20_000;
const ROOT = resolve(import.meta.dirname, "../.."), PYTHON = process.env.PYTHON ?? join(ROOT, ".venv-dev/bin/python");
const NATIVE = `
import numpy as np, time
from realtime.inference.session import Session, find_model
session = Session(find_model("unet_lite"), threads=1)
crop, took = np.zeros(session.input_shape(1), np.uint8), []
for _ in range(300):
    start = time.perf_counter(); session.run(crop); took.append((time.perf_counter() - start) * 1e3)
print(np.median(took[50:]))
`;

const made = makeAll(), server = await serve(join(made, "page")), browser = await launch({ made });
try {
  const before = loadavg()[0], native = Number(execFileSync(PYTHON, ["-c", NATIVE], { cwd: ROOT }).toString());
  const opened = performance.now(), { page } = await visit(browser, server.url);
  await ready(page);
  const loaded = performance.now();
  await page.click("#start");
  await seesFace(page);
  const seen = performance.now();
  await page.waitForTimeout(WARM_UP_MS);
  await page.click("#start");
  await page.click("#start"); // the numbers begin anew
  await page.waitForTimeout(MEASURED_MS);
  const measured = await page.evaluate(() => window.eyeLip.measured());
  console.log(`${cpus().length} x ${cpus()[0].model}; ${browser.version()}; load ${before.toFixed(2)} before, ${loadavg()[0].toFixed(2)} after`);
  console.log(`${await page.textContent("#status")}\n`);
  console.log("| stage | median ms | p95 ms |\n| --- | --- | --- |");
  for (const [stage, { p50, p95 }] of Object.entries(measured)) console.log(`| ${stage} | ${p50.toFixed(2)} | ${p95.toFixed(2)} |`);
  console.log(`\nloaded ${(loaded - opened).toFixed(0)} ms after opening; first overlay ${(seen - loaded).toFixed(0)} ms after start`);
  console.log(`network: ${(measured.infer.p50 / native).toFixed(1)} times its native one-thread time, ${native.toFixed(2)} ms`);
} finally {
  await browser.close();
  await server.stop();
  rmSync(made, { recursive: true });
}
