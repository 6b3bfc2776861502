/** The loop: the newest frame of a source to the worker, its picture to the page, and again. */
import type { Picture } from "../worker/messages";
import type { Engine } from "./engine";
import type { Source } from "./sources";

export class Player {
  #source?: Source;
  #isPaused = false;
  #wake?: () => void;

  /** @param onPicture called with each picture, and how long it took from a frame in memory to here */
  constructor(
    private readonly engine: Engine,
    private readonly onPicture: (picture: Picture, startMs: number) => void,
  ) {}

  get source(): Source | undefined {
    return this.#source;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  set isPaused(isPaused: boolean) {
    this.#isPaused = isPaused;
    this.#wake?.();
  }

  /** Play this from now on, until it ends or another takes its place. */
  async play(source: Source): Promise<void> {
    this.stop();
    this.#source = source;
    while (this.#source === source) {
      if (this.#isPaused) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      const frame = await source.next();
      if (!frame || this.#source !== source) return frame?.picture.close();
      const startMs = performance.now();
      const picture = await this.engine.segment(frame.picture, { timeS: frame.timeS, isStill: source.isStill });
      if (this.#source !== source) return picture.bitmap.close();
      this.onPicture(picture, startMs);
    }
  }

  stop(): void {
    this.#source?.stop();
    this.#source = undefined;
    this.isPaused = false;
  }
}
