/** `sources.sha256` in the build: which sources it was made of, for a test that needs no Node. */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import type { Plugin } from "vite";

const WEB = new URL("../", import.meta.url);
/** What a build depends on; tests/web/test_build.py lists the same. */
const SOURCES = ["plugins", "public", "src", "index.html", "package.json", "tsconfig.json", "vite.config.ts"];

export function listSources(): Plugin {
  return {
    name: "list-sources",
    generateBundle() {
      const all = readdirSync(WEB, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      const names = all.map((entry) => `${entry.parentPath.slice(WEB.pathname.length - 1)}/${entry.name}`.replace(/^\/+/, ""));
      const kept = names.filter((name) => SOURCES.some((source) => name === source || name.startsWith(`${source}/`))).sort();
      const lines = kept.map((name) => {
        return `${createHash("sha256").update(readFileSync(new URL(name, WEB))).digest("hex")}  ${name}\n`;
      });
      this.emitFile({ type: "asset", fileName: "sources.sha256", source: lines.join("") });
    },
  };
}
