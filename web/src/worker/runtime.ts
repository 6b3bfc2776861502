/** ONNX Runtime, as it can be had here: on the GPU where that works, else on the CPU with as many threads as are allowed. */
import type * as Ort from "onnxruntime-web";
import { downloadUnpacked } from "./download";
import type { Backend, Wish } from "./messages";

const MOST_THREADS = 4;
/** By backend: the library, and the build of ONNX Runtime that it loads. */
export const RUNTIME_FILES: Readonly<Record<Backend, { readonly library: string; readonly core: string }>> = {
  wasm: { library: "ort.wasm.min.mjs", core: "ort-wasm-simd-threaded" },
  webgpu: { library: "ort.webgpu.min.mjs", core: "ort-wasm-simd-threaded.asyncify" },
};

export type Runtime = { readonly ort: typeof Ort; readonly backend: Backend; readonly threads: number };

/** The backends to try, the best first, and why one that was asked for is not among them. */
export async function backendsFor(wish: Wish): Promise<{ backends: Backend[]; note?: string }> {
  if (wish === "wasm") return { backends: ["wasm"] };
  const problem = await gpuProblem(wish);
  if (problem) return { backends: ["wasm"], note: wish === "webgpu" ? `WebGPU cannot be had: ${problem}.` : undefined };
  return { backends: ["webgpu", "wasm"] };
}

type Adapter = { readonly info?: { readonly isFallbackAdapter?: boolean; readonly architecture?: string } };

async function gpuProblem(wish: Wish): Promise<string | undefined> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<Adapter | null> } };
  if (!gpu) return "this browser has none";
  try {
    const adapter = await gpu.requestAdapter();
    if (!adapter) return "no graphics processor offers it";
    const isSoftware = adapter.info?.isFallbackAdapter || adapter.info?.architecture === "swiftshader";
    return isSoftware && wish === "auto" ? "here it is the CPU in disguise" : undefined;
  } catch (error) {
    return String(error);
  }
}

/** For WASM. One core is left to camera and page: threads of ONNX Runtime that wait for work keep theirs busy. */
export function threadsFor(cores: number, isIsolated: boolean): number {
  return isIsolated ? Math.max(1, Math.min(MOST_THREADS, cores - 1)) : 1;
}

/** Loaded and set up; sessions can be made. */
export async function startRuntime(backend: Backend, base: URL, cores: number): Promise<Runtime> {
  const { library, core } = RUNTIME_FILES[backend], folder = new URL("runtime/", base);
  const [ort, wasmBinary] = await Promise.all([
    import(/* @vite-ignore */ new URL(library, folder).href) as Promise<typeof Ort>,
    downloadUnpacked(new URL(`${core}.wasm.gz`, folder)),
  ]);
  const threads = threadsFor(cores, self.crossOriginIsolated);
  ort.env.wasm.wasmPaths = { mjs: new URL(`${core}.mjs`, folder).href };
  ort.env.wasm.wasmBinary = wasmBinary;
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "error";
  return { ort, backend, threads };
}
