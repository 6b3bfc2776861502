/** The page: its controls and keys, tied to what they do. */
import { RUNTIME_FILES } from "../worker/runtime";
import type { LabeledFace } from "../worker/messages";
import { App } from "./app";
import { byId } from "./dom";
import { onDrop } from "./drop";
import type { FrameOptions } from "./engine";
import { type Key, bindKeys } from "./keys";
import { LookControls } from "./look";
import { keepForOffline } from "./offline";

/** For other scripts, and for tests: docs/web.md. */
type Api = {
  /** The faces of a picture, each with the region ids of the whole picture. */
  segment(bitmap: ImageBitmap, options: Omit<FrameOptions, "labels">): Promise<readonly LabeledFace[]>;
  /** Milliseconds of each stage since the source was started. */
  measured(): Record<string, { p50: number; p95: number }>;
};
declare global {
  interface Window {
    eyeLip: Api;
  }
}

const wish = new URLSearchParams(location.search).get("backend");
const look = new LookControls((changed) => void app.setLook(changed));
const app: App = new App(wish === "wasm" || wish === "webgpu" ? wish : "auto", look.look);

const numbers = byId<HTMLInputElement>("numbers"), mirror = byId<HTMLInputElement>("mirror"), file = byId<HTMLInputElement>("file");
const open = (picked: File) => void app.openFile(picked);
const showNumbers = () => (byId("hud").dataset.off = String(!numbers.checked));

byId("start").onclick = () => app.toggleCamera();
byId("demo").onclick = () => void app.startDemo();
byId("pause").onclick = () => app.togglePause();
byId("snapshot").onclick = () => void app.snapshot();
byId("record").onclick = () => app.toggleRecording();
byId("camera").onchange = () => app.changeCamera();
byId("controls").onsubmit = (event) => event.preventDefault();
mirror.onchange = () => app.setMirror(mirror.checked);
numbers.onchange = showNumbers;
file.onchange = () => {
  if (file.files?.[0]) open(file.files[0]);
  file.value = ""; // the same file may be opened again
};
onDrop(byId("stage"), open);

const keys: Key[] = [
  { keys: [" "], shown: "space", does: "pause; again goes on", run: () => app.togglePause() },
  { keys: ["m"], shown: "m", does: "mirror on or off", run: () => app.toggleMirror() },
  { keys: ["r"], shown: "r", does: "regions: next choice", run: () => look.nextRegions() },
  { keys: ["e"], shown: "e", does: "effect: next", run: () => look.nextEffect() },
  { keys: ["+", "="], shown: "+", does: "stronger effect", run: () => look.stepOpacity(1) },
  { keys: ["-", "_"], shown: "-", does: "fainter effect", run: () => look.stepOpacity(-1) },
  { keys: ["s"], shown: "s", does: "snapshot", run: () => void app.snapshot() },
  { keys: ["v"], shown: "v", does: "start recording; again stops", run: () => app.toggleRecording() },
  { keys: ["h"], shown: "h", does: "numbers on or off", run: () => numbers.click() },
];
bindKeys(keys);
showNumbers();

window.eyeLip = {
  async segment(bitmap, options) {
    const picture = await app.engine.segment(bitmap, { ...options, labels: true });
    picture.bitmap.close();
    return picture.labeled ?? [];
  },
  measured: () => app.measured(),
};

const running = await app.load();
if (running) {
  const { library, core } = RUNTIME_FILES[running.backend];
  await keepForOffline([library, `${core}.mjs`, `${core}.wasm.gz`].map((name) => `runtime/${name}`));
}
