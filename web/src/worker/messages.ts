/** What page and worker say to each other. */
import type { Look } from "../core/overlay";

export type Backend = "webgpu" | "wasm";
export type Wish = Backend | "auto";

/** A bitmap, or a video's frame where the browser can give one. */
export type FramePicture = ImageBitmap | VideoFrame;

export type ToWorker =
  | { readonly type: "load"; readonly base: string; readonly wish: Wish; readonly cores: number; readonly look: Look }
  /** A frame to segment and draw on; `labels` asks for the ids, too. */
  | {
      readonly type: "frame";
      readonly id: number;
      readonly picture: FramePicture;
      readonly timeS: number;
      readonly isStill: boolean;
      readonly labels: boolean;
    }
  /** Draw the last frame again, or the next ones, in this look. */
  | { readonly type: "look"; readonly id: number; readonly look: Look };

export type Ready = {
  readonly type: "ready";
  readonly backend: Backend;
  readonly threads: number;
  readonly model: string;
  readonly precision: string;
  /** Why not the GPU, or not several threads; empty where nothing is amiss. */
  readonly notes: readonly string[];
};

export type LabeledFace = {
  readonly number: number;
  /** Where the crop lies in the frame: mid-eye x and y, crop pixels per frame pixel, angle. */
  readonly crop: readonly number[];
  /** Region ids of the whole frame, row after row. */
  readonly labels: Uint8Array;
};

export type Picture = {
  readonly type: "picture";
  readonly id: number;
  readonly bitmap: ImageBitmap;
  readonly faces: number;
  readonly stagesMs: Readonly<Record<string, number>>;
  readonly labeled?: readonly LabeledFace[];
};

export type FromWorker = Ready | Picture | { readonly type: "failed"; readonly message: string };
