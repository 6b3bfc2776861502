/** The numbers over the picture. */
import { Meter } from "../core/timing";
import type { Ready } from "../worker/messages";
import { byId, fillList } from "./dom";

const SHOWN_EVERY_MS = 500;

/** Where it runs, in a few words. */
export function backendName({ backend, threads }: Ready): string {
  if (backend === "webgpu") return "WebGPU";
  return `WASM, ${threads} ${threads === 1 ? "thread" : "threads"}`;
}

export class Hud {
  #latency = new Meter();
  #interval = new Meter();
  #stages = new Map<string, Meter>();
  #lastMs?: number;
  #shownMs = 0;

  constructor(private readonly ready: Ready) {}

  /** One more picture was shown. */
  add(faces: number, latencyMs: number, stagesMs: Readonly<Record<string, number>>): void {
    const nowMs = performance.now();
    this.#latency.add(latencyMs);
    if (this.#lastMs !== undefined) this.#interval.add(nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    for (const [stage, ms] of Object.entries(stagesMs)) {
      if (!this.#stages.has(stage)) this.#stages.set(stage, new Meter());
      this.#stages.get(stage)!.add(ms);
    }
    if (nowMs - this.#shownMs >= SHOWN_EVERY_MS) {
      this.#shownMs = nowMs;
      this.#show(faces);
    }
  }

  /** Median and p95 in milliseconds of each stage, of latency, and of the time between two pictures. */
  measured(): Record<string, { p50: number; p95: number }> {
    const all: [string, Meter][] = [...this.#stages, ["latency", this.#latency], ["interval", this.#interval]];
    return Object.fromEntries(all.map(([name, meter]) => [name, meter.percentiles]));
  }

  #show(faces: number): void {
    const { p50, p95 } = this.#latency.percentiles, interval = this.#interval.percentiles.p50;
    fillList(byId("hud"), [
      ["fps", interval ? (1000 / interval).toFixed(0) : "–"],
      ["latency", `${p50.toFixed(1)} ms`],
      ["p95", `${p95.toFixed(1)} ms`],
      ["runs on", backendName(this.ready)],
      ["model", `${this.ready.model}, ${this.ready.precision}`],
      ["faces", String(faces)],
    ]);
  }
}
