/** How long the stages of a frame take, as realtime/timing.py. */

const KEPT = 600;

export type Percentiles = { readonly p50: number; readonly p95: number };

/** The newest measurements of one thing. */
export class Meter {
  #values: number[] = [];

  add(value: number): void {
    this.#values.push(value);
    if (this.#values.length > KEPT) this.#values.shift();
  }

  get percentiles(): Percentiles {
    return { p50: percentile(this.#values, 0.5), p95: percentile(this.#values, 0.95) };
  }

  get count(): number {
    return this.#values.length;
  }
}

/** Milliseconds of each stage, added up within a frame. */
export class StageTimer {
  #frame: Record<string, number> = {};

  add(stage: string, elapsedMs: number): void {
    this.#frame[stage] = (this.#frame[stage] ?? 0) + elapsedMs;
  }

  /** Time what happens inside; a stage that runs twice in a frame counts as one. */
  time<T>(stage: string, run: () => T): T {
    const start = performance.now();
    try {
      return run();
    } finally {
      this.add(stage, performance.now() - start);
    }
  }

  async timeAsync<T>(stage: string, run: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await run();
    } finally {
      this.add(stage, performance.now() - start);
    }
  }

  /** What the frame took; the next one begins. */
  take(): Record<string, number> {
    const taken = this.#frame;
    this.#frame = {};
    return taken;
  }
}

/** By linear interpolation between the two nearest, as numpy. */
export function percentile(values: readonly number[], share: number): number {
  if (!values.length) return 0;
  const sorted = [...values].sort((one, other) => one - other);
  const place = share * (sorted.length - 1), low = Math.floor(place);
  return sorted[low] + (place - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
}
