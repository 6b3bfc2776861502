/** Where frames come from: camera, video file, photo, demo. */
import { DEMO_FPS, DEMO_HEIGHT, DEMO_WIDTH, portraitMatrix } from "../core/demo";
import { shiftMatrix } from "../core/geometry";
import type { FramePicture } from "../worker/messages";

const LONGEST_SIDE_PX = 4096;
const CAMERA_SIZE = { width: { ideal: 640 }, height: { ideal: 480 } };

/** A source that cannot be had, in a sentence. */
export class SourceError extends Error {}

export interface Source {
  /** What it is, for the user. */
  readonly name: string;
  /** Whether frames have nothing to do with each other. */
  readonly isStill: boolean;
  /** Whether it shows the user as a mirror would. */
  readonly isSelfie: boolean;
  /** The newest frame that was not taken yet, once there is one; undefined at the end. */
  next(): Promise<{ picture: FramePicture; timeS: number } | undefined>;
  stop(): void;
}

/** One photo. */
export class StillSource implements Source {
  readonly isStill = true;
  readonly isSelfie = false;
  #bitmap?: ImageBitmap;

  private constructor(readonly name: string, bitmap: ImageBitmap) {
    this.#bitmap = bitmap;
  }

  static async open(file: File): Promise<StillSource> {
    const bitmap = await createImageBitmap(file).catch(() => {
      throw new SourceError(`${file.name} cannot be read as a picture.`);
    });
    const shrink = LONGEST_SIDE_PX / Math.max(bitmap.width, bitmap.height);
    if (shrink >= 1) return new StillSource(file.name, bitmap);
    const size = { resizeWidth: Math.round(bitmap.width * shrink), resizeHeight: Math.round(bitmap.height * shrink) };
    return new StillSource(file.name, await createImageBitmap(bitmap, { ...size, resizeQuality: "high" }));
  }

  async next() {
    const bitmap = this.#bitmap;
    this.#bitmap = undefined;
    return bitmap && { picture: bitmap, timeS: 0 };
  }

  stop(): void {
    this.#bitmap?.close();
  }
}

/** A video element's frames: the newest wins, and none is taken twice. */
class VideoSource implements Source {
  readonly isStill = false;
  #isFresh = true;
  #isOver = false;
  #wake?: () => void;

  constructor(
    readonly name: string,
    readonly isSelfie: boolean,
    private readonly video: HTMLVideoElement,
    private readonly timeS: () => number,
    private readonly release: () => void,
  ) {
    const seen = () => {
      this.#isFresh = true;
      this.#wake?.();
      if (!this.#isOver) video.requestVideoFrameCallback(seen);
    };
    video.requestVideoFrameCallback(seen);
  }

  async next() {
    while (!this.#isFresh && !this.#isOver) await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#isOver) return undefined;
    this.#isFresh = false;
    const timeS = this.timeS();
    const { video } = this;
    return { picture: "VideoFrame" in self ? new VideoFrame(video) : await createImageBitmap(video), timeS };
  }

  stop(): void {
    this.#isOver = true;
    this.release();
    this.video.pause();
    this.#wake?.();
  }
}

/** @param which `user` (front), `environment` (rear) or a device's id */
export async function openCamera(which: string, onLost: () => void): Promise<Source> {
  if (!navigator.mediaDevices) {
    throw new SourceError("Browsers give a camera only to pages on https or localhost.");
  }
  const isFacing = which === "user" || which === "environment";
  const choice = isFacing ? { facingMode: { ideal: which } } : { deviceId: { exact: which } };
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { ...CAMERA_SIZE, ...choice } });
  } catch (error) {
    throw new SourceError(cameraProblem(error));
  }
  const [track] = stream.getVideoTracks();
  track.onended = onLost;
  const video = newVideo();
  video.srcObject = stream;
  await video.play();
  const isSelfie = track.getSettings().facingMode !== "environment" && which !== "environment";
  return new VideoSource(track.label || "Camera", isSelfie, video, () => performance.now() / 1e3, () => track.stop());
}

function cameraProblem(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError") return "The camera was not allowed.";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "No camera was found.";
  if (name === "NotReadableError") return "Another program uses the camera.";
  return `The camera cannot be opened (${name || String(error)}).`;
}

/** The cameras' ids and names, which browsers tell once a camera was allowed. */
export async function listCameras(): Promise<{ id: string; name: string }[]> {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  const cameras = devices.filter(({ kind, deviceId, label }) => kind === "videoinput" && deviceId && label);
  return cameras.map(({ deviceId, label }) => ({ id: deviceId, name: label }));
}

export async function openFile(file: File): Promise<Source> {
  return file.type.startsWith("video/") ? openVideo(file) : StillSource.open(file);
}

async function openVideo(file: File): Promise<Source> {
  const video = newVideo(), url = URL.createObjectURL(file);
  video.loop = true;
  video.src = url;
  try {
    await video.play();
  } catch {
    URL.revokeObjectURL(url);
    throw new SourceError(`${file.name} cannot be played in this browser.`);
  }
  return new VideoSource(file.name, false, video, () => video.currentTime, () => URL.revokeObjectURL(url));
}

function newVideo(): HTMLVideoElement {
  const video = document.createElement("video");
  video.muted = video.playsInline = true;
  return video;
}

/** The portrait, moved as a person before a webcam moves. */
export class DemoSource implements Source {
  readonly name = "Demo";
  readonly isStill = false;
  readonly isSelfie = false;
  readonly #canvas = new OffscreenCanvas(DEMO_WIDTH, DEMO_HEIGHT);
  readonly #context = this.#canvas.getContext("2d", { alpha: false })!;
  readonly #startMs = performance.now();
  #frame = -1;
  #isOver = false;

  private constructor(private readonly portrait: ImageBitmap) {}

  static async open(): Promise<DemoSource> {
    const response = await fetch("portrait.jpg");
    if (!response.ok) throw new SourceError("portrait.jpg, which the demo shows, is missing beside this page.");
    return new DemoSource(await createImageBitmap(await response.blob()));
  }

  async next() {
    while (!this.#isOver && this.#dueFrame() <= this.#frame) await new Promise(requestAnimationFrame);
    if (this.#isOver) return undefined;
    this.#frame = this.#dueFrame();
    const timeS = this.#frame / DEMO_FPS;
    drawDemo(this.#context, this.portrait, timeS);
    return { picture: await createImageBitmap(this.#canvas), timeS };
  }

  stop(): void {
    this.#isOver = true;
  }

  #dueFrame(): number {
    return Math.floor(((performance.now() - this.#startMs) / 1e3) * DEMO_FPS);
  }
}

function drawDemo(context: OffscreenCanvasRenderingContext2D, portrait: ImageBitmap, timeS: number): void {
  const [a, b, c, d, e, f] = shiftMatrix(portraitMatrix(timeS), -0.5); // a canvas has pixel centres at a half
  context.setTransform(a, d, b, e, c, f);
  context.drawImage(portrait, 0, 0);
}
