/** The two networks, loaded: what the tracker calls to find faces and to segment their crops. */
import type * as Ort from "onnxruntime-web";
import { FINDER_SIDE_PX } from "../core/preprocess";
import { CROP } from "../core/geometry";
import { type Image, newImage } from "../core/image";
import { FACE_FINDER, type ModelCard, ModelError, SEGMENTER, readCard } from "../core/modelCard";
import { PLANE, type Probs } from "../core/postprocess";
import { download, downloadChecked } from "./download";
import type { Runtime } from "./runtime";

type ModelFile = { readonly file: string; readonly sha256: string };
export type ModelFiles = { readonly name: string; readonly card: ModelCard; readonly segmenter: Uint8Array; readonly finder: Uint8Array };
export type Networks = {
  segment(cropsBgr: readonly Image[]): Promise<Probs[]>;
  find(thumbnailBgr: Image): Promise<Float32Array>;
};

/** Both model files, which models.json names, each checked against its sum and its metadata. */
export async function downloadModels(base: URL): Promise<ModelFiles> {
  const folder = new URL("models/", base);
  const listed: Record<string, ModelFile> = await (await download(new URL("models.json", folder))).json();
  const [segmenter, finder] = await Promise.all(
    [listed[SEGMENTER], listed[FACE_FINDER]].map(({ file, sha256 }) => downloadChecked(new URL(file, folder), sha256)),
  );
  const { file } = listed[SEGMENTER];
  readCard(finder, FACE_FINDER, listed[FACE_FINDER].file);
  return { name: file.replace(/\.onnx$/, ""), card: readCard(segmenter, SEGMENTER, file), segmenter, finder };
}

/** Sessions of both, each run once, so that the first real frame is not the slow one. */
export async function loadNetworks({ ort, backend }: Runtime, models: ModelFiles): Promise<Networks> {
  const options: Ort.InferenceSession.SessionOptions = {
    executionProviders: [backend],
    graphOptimizationLevel: "all",
    logSeverityLevel: 3, // that a few small nodes stay on the CPU is no error
  };
  const open = async (name: string, file: Uint8Array) => {
    try {
      return await ort.InferenceSession.create(file, options);
    } catch (error) {
      throw new ModelError(`${name} cannot be opened: ${firstLine(error)}`);
    }
  };
  const finder = await open("The face finder", models.finder);
  const segmenter = await open(models.name, models.segmenter);
  const networks: Networks = {
    async segment(crops) {
      const batch = new Uint8Array(crops.length * PLANE * 3);
      crops.forEach(({ data }, index) => batch.set(data, index * data.length));
      const shape = [crops.length, CROP.height, CROP.width, 3];
      const probs = await run(segmenter, new ort.Tensor("uint8", batch, shape));
      const size = probs.length / crops.length;
      return crops.map((_, index) => probs.subarray(index * size, (index + 1) * size));
    },
    async find({ data }) {
      return run(finder, new ort.Tensor("uint8", data as Uint8Array, [1, FINDER_SIDE_PX, FINDER_SIDE_PX, 3]));
    },
  };
  await networks.find(newImage(FINDER_SIDE_PX, FINDER_SIDE_PX, 3));
  await networks.segment([newImage(CROP.width, CROP.height, 3)]);
  return networks;
}

async function run(session: Ort.InferenceSession, input: Ort.Tensor): Promise<Float32Array> {
  const outputs = await session.run({ [session.inputNames[0]]: input });
  return (await outputs[session.outputNames[0]].getData()) as Float32Array;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0];
}
