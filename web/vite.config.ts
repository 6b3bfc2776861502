import { defineConfig } from "vitest/config";
import { shippedModels } from "./plugins/models";
import { onnxRuntime } from "./plugins/runtime";
import { listSources } from "./plugins/sources";

/** Without these two a browser gives WASM one thread. */
const HEADERS = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export default defineConfig({
  base: "./",
  plugins: [onnxRuntime(), shippedModels(), listSources()],
  server: { headers: HEADERS },
  worker: { format: "es" },
  build: {
    outDir: process.env.PAGE_FOLDER ?? "../export/page",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  test: { include: ["tests/**/*.test.ts"] },
});
