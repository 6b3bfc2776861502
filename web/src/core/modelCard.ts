/** What a model file says of itself in its metadata, checked as realtime/inference/session.py does. */
import { LAYOUTS, type Layout } from "./geometry";
import { type Region, regionsFromNames } from "./regions";
import tables from "./tables.json";

const { metadataKeys, leftRight, segmenter, faceFinder, probs } = tables.model;
export const SEGMENTER = segmenter, FACE_FINDER = faceFinder;

export type ModelCard = {
  readonly kind: string;
  readonly regions: readonly Region[];
  readonly layout: Layout;
  readonly precision: string;
  readonly commit: string;
};

/** A model file that this page cannot use, in a sentence. */
export class ModelError extends Error {}

/** The card in an .onnx file's bytes; refuses what is no model of this kind. */
export function readCard(file: Uint8Array, kind: string, name: string): ModelCard {
  const metadata = readMetadata(file);
  if (!metadata) throw new ModelError(`${name} is damaged: it is no ONNX file.`);
  const missing = metadataKeys.filter((key) => !(key in metadata));
  if (missing.length) throw new ModelError(`${name} is no model of this program: its metadata lacks ${missing.join(", ")}.`);
  const regions = regionsFromNames(metadata.regions ? metadata.regions.split(",") : []);
  const layout = LAYOUTS[metadata.layout];
  if (!regions || !layout) throw new ModelError(`${name} has regions or a layout that this page does not know.`);
  if (metadata.kind !== kind) throw new ModelError(`${name} is a ${metadata.kind} model, where a ${kind} is needed.`);
  if (metadata.left_right !== leftRight) throw new ModelError(`${name} has another left and right than this page.`);
  if ((metadata.output ?? probs) !== probs) throw new ModelError(`${name} gives ${metadata.output}, not ${probs}.`);
  return { kind, regions, layout, precision: metadata.precision, commit: metadata.commit };
}

const MODEL_METADATA = 14, ENTRY_KEY = 1, ENTRY_VALUE = 2;

/** `ModelProto.metadata_props`; undefined where the bytes are no ONNX file. */
function readMetadata(file: Uint8Array): Record<string, string> | undefined {
  const metadata: Record<string, string> = {}, text = new TextDecoder();
  try {
    for (const { field, bytes } of protobufFields(file)) {
      if (field !== MODEL_METADATA || !bytes) continue;
      const entry = Object.fromEntries(Array.from(protobufFields(bytes), (one) => [one.field, text.decode(one.bytes)]));
      metadata[entry[ENTRY_KEY] ?? ""] = entry[ENTRY_VALUE] ?? "";
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return metadata;
}

/** The fields of a message, those of variable length with their bytes. Source: protobuf.dev/programming-guides/encoding */
function* protobufFields(message: Uint8Array): Generator<{ field: number; bytes?: Uint8Array }> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= message.length) break;
      const byte = message[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new RangeError("cut off");
  };
  while (at < message.length) {
    const tag = varint(), field = Math.floor(tag / 8), wire = tag % 8;
    let length = 0;
    if (wire === 0) varint();
    else if (wire === 1) length = 8;
    else if (wire === 2) length = varint();
    else if (wire === 5) length = 4;
    else throw new RangeError(`no such wire type: ${wire}`);
    if (!field || at + length > message.length) throw new RangeError("cut off");
    yield { field, bytes: wire === 2 ? message.subarray(at, at + length) : undefined };
    at += length;
  }
}
