/** Once before all tests: the page as `python -m export web` writes it, and what Python says of the same frames. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestProject } from "vitest/node";

const ROOT = resolve(import.meta.dirname, "../..");
const PYTHON = process.env.PYTHON ?? join(ROOT, ".venv-dev/bin/python");

declare module "vitest" {
  interface ProvidedContext {
    made: string;
  }
}

/** A folder with `page/` and `truth/`. */
export function makeAll(): string {
  const made = mkdtempSync(join(tmpdir(), "page-")), run = (...words: string[]) => execFileSync(PYTHON, ["-m", ...words], { cwd: ROOT });
  run("export", "web", "--model", "unet_lite", "--out", join(made, "page"));
  run("web.e2e.truth", join(made, "truth"));
  return made;
}

export default function setup(project: TestProject): () => void {
  const made = makeAll();
  project.provide("made", made);
  return () => rmSync(made, { recursive: true });
}
