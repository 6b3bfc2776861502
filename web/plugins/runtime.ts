/** ONNX Runtime's files beside the page: served while one develops, packed into the build. One download is one backend's. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { RUNTIME_FILES } from "../src/worker/runtime";

const DIST = new URL("../node_modules/onnxruntime-web/dist/", import.meta.url);

const packed = (name: string) => gzipSync(readFileSync(new URL(name, DIST)), { level: 9 });
const plain = (name: string) => Buffer.from(readFileSync(new URL(name, DIST), "utf8").replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n"));

/** By name: how each is read. */
const FILES = new Map(
  Object.values(RUNTIME_FILES).flatMap(({ library, core }): [string, () => Buffer][] => [
    [library, () => plain(library)],
    [`${core}.mjs`, () => plain(`${core}.mjs`)],
    [`${core}.wasm.gz`, () => packed(`${core}.wasm`)],
  ]),
);

export function onnxRuntime(): Plugin {
  return {
    name: "onnx-runtime",
    configureServer(server) {
      server.middlewares.use("/runtime/", (request, response, next) => {
        const name = request.url!.slice(1).split("?")[0], read = FILES.get(name);
        if (!read) return next();
        response.setHeader("Content-Type", name.endsWith(".mjs") ? "text/javascript" : "application/octet-stream");
        response.end(read());
      });
    },
    generateBundle() {
      for (const [name, read] of FILES) this.emitFile({ type: "asset", fileName: `runtime/${name}`, source: read() });
    },
  };
}
