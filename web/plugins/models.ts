/** The shipped models, for the development server; `python -m export web` puts a page's own ones beside it. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

const WEIGHTS = new URL("../../weights/", import.meta.url);
const MODELS = { segmenter: "unet_lite.onnx", face_finder: "face_finder.onnx" };

export function shippedModels(): Plugin {
  return {
    name: "shipped-models",
    configureServer(server) {
      server.middlewares.use("/models/", (request, response, next) => {
        const name = request.url!.slice(1);
        if (Object.values(MODELS).includes(name)) return void response.end(readFileSync(new URL(name, WEIGHTS)));
        if (name !== "models.json") return next();
        const listed = Object.entries(MODELS).map(([kind, file]) => {
          const sha256 = createHash("sha256").update(readFileSync(new URL(file, WEIGHTS))).digest("hex");
          return [kind, { file, sha256 }];
        });
        response.end(JSON.stringify(Object.fromEntries(listed)));
      });
    },
  };
}
