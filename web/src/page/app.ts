/** What the page can be asked to do: play a source, stop, pause, mirror, keep a picture or a recording. */
import { type Look } from "../core/overlay";
import type { Picture, Ready, Wish } from "../worker/messages";
import { byId } from "./dom";
import { Engine } from "./engine";
import { Hud, backendName } from "./hud";
import { Player } from "./player";
import { DemoSource, type Source, SourceError, listCameras, openCamera, openFile } from "./sources";
import { Stage } from "./stage";

const ONE_THREAD =
  "On one thread only: this page came without the headers COOP and COEP. Reload it once; if that does not help, its host must send them.";

export class App {
  readonly engine: Engine;
  readonly #canvas = byId<HTMLCanvasElement>("picture");
  readonly #stage = new Stage(this.#canvas);
  readonly #player: Player;
  readonly #mirror = byId<HTMLInputElement>("mirror");
  readonly #camera = byId<HTMLSelectElement>("camera");
  #running?: Ready;
  #hud?: Hud;
  #isMirrorChosen = false;
  #isCamera = false;

  constructor(wish: Wish, look: Look) {
    this.engine = new Engine(wish, look, tellProblem);
    this.#player = new Player(this.engine, (picture, startMs) => this.#show(picture, startMs));
  }

  /** Wait for the networks; undefined where they cannot be had, which is told. */
  async load(): Promise<Ready | undefined> {
    try {
      this.#running = await this.engine.ready;
    } catch {
      say("");
      for (const id of ["start", "demo", "file"]) byId<HTMLButtonElement | HTMLInputElement>(id).disabled = true;
      return undefined;
    }
    this.#hud = new Hud(this.#running);
    say(this.#runsOn());
    return this.#running;
  }

  /** The camera that is chosen; without one the demo, and why. */
  async startCamera(): Promise<void> {
    tellProblem("");
    say("Waiting for the camera…");
    try {
      const source = await openCamera(this.#camera.value, () => this.#loseCamera());
      await this.#fillCameras();
      await this.#play(source, true);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      await this.startDemo();
      tellProblem(`${error.message} The demo plays instead.`);
    }
  }

  async startDemo(): Promise<void> {
    await this.#open(() => DemoSource.open());
  }

  async openFile(file: File): Promise<void> {
    await this.#open(() => openFile(file));
  }

  toggleCamera(): void {
    if (this.#isCamera) this.stop();
    else void this.startCamera();
  }

  /** Another camera was chosen; one that plays is changed at once. */
  changeCamera(): void {
    this.#isMirrorChosen = false;
    if (this.#isCamera) void this.startCamera();
  }

  stop(): void {
    this.#player.stop();
    void this.stopRecording();
    this.#showButtons(undefined, false);
    say("Stopped.");
  }

  togglePause(): void {
    const { source } = this.#player;
    if (!source || source.isStill) return;
    this.#player.isPaused = !this.#player.isPaused;
    this.#showPaused();
  }

  setMirror(isMirrored: boolean): void {
    this.#isMirrorChosen = true;
    this.#mirror.checked = this.#stage.isMirrored = isMirrored;
  }

  toggleMirror(): void {
    this.setMirror(!this.#mirror.checked);
  }

  /** Draw in this look; what stands still is drawn again at once. */
  async setLook(look: Look): Promise<void> {
    const { source, isPaused } = this.#player, isMoving = source && !source.isStill && !isPaused;
    const answered = this.engine.setLook(look);
    if (this.#canvas.dataset.faces === undefined) return;
    const { bitmap } = await answered;
    if (isMoving) bitmap.close();
    else this.#stage.show(bitmap);
  }

  async snapshot(): Promise<void> {
    if (this.#canvas.dataset.faces !== undefined) say(`Saved ${await this.#stage.snapshot()}.`);
  }

  toggleRecording(): void {
    if (this.#stage.isRecording) void this.stopRecording();
    else if (this.#player.source && !this.#stage.startRecording()) tellProblem("This browser cannot record.");
    this.#showRecording();
  }

  async stopRecording(): Promise<void> {
    const saving = this.#stage.stopRecording();
    this.#showRecording();
    const name = await saving;
    if (name) say(`Saved ${name}.`);
  }

  /** Median and p95 of each stage, in milliseconds. */
  measured(): ReturnType<Hud["measured"]> {
    return this.#hud?.measured() ?? {};
  }

  async #open(open: () => Promise<Source>): Promise<void> {
    tellProblem("");
    try {
      await this.#play(await open(), false);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      tellProblem(error.message);
    }
  }

  async #play(source: Source, isCamera: boolean): Promise<void> {
    if (!(this.#running ?? (await this.engine.ready.catch(() => undefined)))) return source.stop();
    await this.stopRecording();
    if (!this.#isMirrorChosen) this.#mirror.checked = source.isSelfie;
    this.#stage.isMirrored = this.#mirror.checked;
    say(`${source.name}. ${this.#runsOn()}`);
    const played = this.#player.play(source);
    this.#hud = new Hud(this.#running!);
    this.#showButtons(source, isCamera);
    void played.catch((error: unknown) => tellProblem(String(error)));
  }

  #show({ bitmap, faces, stagesMs }: Picture, startMs: number): void {
    const drawnMs = performance.now();
    byId("welcome").hidden = true;
    this.#stage.show(bitmap);
    const nowMs = performance.now();
    this.#hud?.add(faces, nowMs - startMs, { ...stagesMs, show: nowMs - drawnMs });
    this.#canvas.dataset.faces = String(faces);
    this.#canvas.setAttribute("aria-label", faces ? "A face with the effect drawn" : "No face seen");
  }

  async #fillCameras(): Promise<void> {
    const chosen = this.#camera.value, cameras = await listCameras();
    this.#camera.length = 2; // front and rear stay
    for (const { id, name } of cameras) this.#camera.add(new Option(name, id));
    this.#camera.value = chosen;
  }

  #loseCamera(): void {
    this.stop();
    tellProblem("The camera is gone. Plug it in, and start it again.");
  }

  #runsOn(): string {
    const { backend, threads, notes } = this.#running!;
    const oneThread = backend === "wasm" && threads === 1 && !self.crossOriginIsolated ? [ONE_THREAD] : [];
    return [`Runs on ${backendName(this.#running!)}.`, ...notes, ...oneThread].join(" ");
  }

  #showButtons(source: Source | undefined, isCamera: boolean): void {
    this.#isCamera = isCamera;
    byId("start").textContent = isCamera ? "Stop camera" : "Start camera";
    byId<HTMLButtonElement>("pause").disabled = !source || source.isStill;
    byId<HTMLButtonElement>("snapshot").disabled = byId<HTMLButtonElement>("record").disabled = !source;
    this.#showPaused();
  }

  #showPaused(): void {
    byId("pause").setAttribute("aria-pressed", String(this.#player.isPaused));
    byId("pause").textContent = this.#player.isPaused ? "Go on" : "Pause";
  }

  #showRecording(): void {
    const { isRecording } = this.#stage;
    byId("record").setAttribute("aria-pressed", String(isRecording));
    byId("record").textContent = isRecording ? "Stop recording" : "Record";
    byId("recording").hidden = !isRecording;
  }
}

/** What goes on. */
export function say(sentence: string): void {
  byId("status").textContent = sentence;
}

/** What went wrong; the last problem's sentence goes where this one is empty. */
export function tellProblem(sentence: string): void {
  byId("problem").textContent = sentence;
  byId("problem").hidden = !sentence;
}
