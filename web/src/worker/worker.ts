/** The worker: frames in, pictures with the effect drawn out. What it answers with is on the very frame it was given. */
import { findFaces } from "../core/finder";
import type { Image } from "../core/image";
import { DEFAULT_LOOK, Overlay } from "../core/overlay";
import { STRENGTHS } from "../core/smoothing";
import { StageTimer } from "../core/timing";
import { type Face, FaceTracker } from "../core/tracker";
import { FrameCanvas } from "./canvas";
import { frameLabels } from "./labels";
import type { FromWorker, Picture, ToWorker } from "./messages";
import { downloadModels, loadNetworks } from "./networks";
import { backendsFor, startRuntime } from "./runtime";

const MOST_FACES = 1;

const canvas = new FrameCanvas(), overlay = new Overlay(), timer = new StageTimer();
let tracker: FaceTracker | undefined;
let look = DEFAULT_LOOK;
let frame: Image | undefined;
let faces: Face[] = [];

let last = Promise.resolve();
self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  last = last.then(() => answer(data)).catch((error: unknown) => {
    send({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  });
};

function send(message: FromWorker, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}

async function answer(message: ToWorker): Promise<void> {
  if (message.type === "load") {
    look = message.look;
    await load(message);
  } else if (message.type === "frame") {
    sendPicture(await segment(message));
  } else {
    look = message.look;
    if (frame) sendPicture({ id: message.id, bitmap: await redraw(frame), faces: faces.length, stagesMs: timer.take() });
  }
}

function sendPicture(picture: Omit<Picture, "type">): void {
  send({ type: "picture", ...picture }, [picture.bitmap]);
}

async function load({ base, wish, cores }: Extract<ToWorker, { type: "load" }>): Promise<void> {
  const folder = new URL(base), models = downloadModels(folder);
  const { backends, note } = await backendsFor(wish), notes = note ? [note] : [];
  const { name, card } = await models;
  for (const backend of backends) {
    try {
      const runtime = await startRuntime(backend, folder, cores), networks = await loadNetworks(runtime, await models);
      tracker = new FaceTracker(
        (image) => findFaces(image, networks.find), networks.segment,
        { regions: card.regions, layout: card.layout, mostFaces: MOST_FACES, strength: STRENGTHS.low }, timer,
      );
      send({ type: "ready", backend, threads: runtime.threads, model: name, precision: card.precision, notes });
      return;
    } catch (error) {
      if (backend === backends.at(-1)) throw error;
      notes.push(`WebGPU failed, so this runs on the CPU: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

async function segment({ id, picture, timeS, isStill, labels }: Extract<ToWorker, { type: "frame" }>): Promise<Omit<Picture, "type">> {
  if (!tracker) throw new Error("A frame came before the networks were loaded.");
  const image = await timer.timeAsync("read", () => canvas.read(picture));
  frame = image;
  faces = await tracker.follow(image, timeS, isStill);
  timer.time("draw", () => overlay.draw(image, faces, look));
  const bitmap = await timer.timeAsync("write", () => canvas.write());
  const labeled = labels
    ? faces.map((face) => ({
        number: face.number,
        crop: [...face.crop.midEyePx, face.crop.scale, face.crop.angleRad],
        labels: frameLabels(face, image),
      }))
    : undefined;
  return { id, bitmap, faces: faces.length, stagesMs: timer.take(), labeled };
}

/** The last frame again, in the look of now. */
async function redraw(image: Image): Promise<ImageBitmap> {
  overlay.restore(image);
  timer.time("draw", () => overlay.draw(image, faces, look));
  return timer.timeAsync("write", () => canvas.write());
}
