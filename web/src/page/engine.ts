/** The worker, as the page sees it: load, segment a frame, change the look. */
import type { Look } from "../core/overlay";
import type { FramePicture, FromWorker, Picture, Ready, ToWorker, Wish } from "../worker/messages";

export type FrameOptions = { readonly timeS: number; readonly isStill: boolean; readonly labels?: boolean };

/** Several may wait at a time; each is answered in turn. */
export class Engine {
  readonly #worker = new Worker(new URL("../worker/worker.ts", import.meta.url), { type: "module" });
  readonly #waiting = new Map<number, (picture: Picture) => void>();
  #nextId = 1;

  /** Resolves once frames can be segmented; rejects, then and later, with a sentence for the user. */
  readonly ready: Promise<Ready>;

  /** @param onFailure called with each failure after the start */
  constructor(wish: Wish, look: Look, onFailure: (sentence: string) => void) {
    this.ready = new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        if (data.type === "ready") resolve(data);
        else if (data.type === "picture") this.#settle(data);
        else {
          reject(new Error(data.message));
          onFailure(data.message);
        }
      };
      this.#worker.onerror = (event) => {
        reject(new Error(event.message || "The part of this page that segments could not be started."));
        onFailure(event.message || "The part of this page that segments could not be started.");
      };
    });
    this.ready.catch(() => undefined); // whoever waits is told; nobody may be waiting yet
    this.#send({ type: "load", base: document.baseURI, wish, cores: navigator.hardwareConcurrency, look });
  }

  /** The picture with the effect drawn, on this very frame. What is given is used up. */
  segment(picture: FramePicture, { timeS, isStill, labels = false }: FrameOptions): Promise<Picture> {
    return this.#ask((id) => this.#send({ type: "frame", id, picture, timeS, isStill, labels }, [picture]));
  }

  /** The last frame in another look, which the next ones have, too. */
  setLook(look: Look): Promise<Picture> {
    return this.#ask((id) => this.#send({ type: "look", id, look }));
  }

  #ask(send: (id: number) => void): Promise<Picture> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      send(id);
    });
  }

  #settle(picture: Picture): void {
    this.#waiting.get(picture.id)?.(picture);
    this.#waiting.delete(picture.id);
  }

  #send(message: ToWorker, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}
