/** What Python has no counterpart of. */
import { expect, test } from "vitest";
import { threadsFor } from "../src/worker/runtime";

test.each([
  [1, true, 1], [2, true, 1], [4, true, 3], [16, true, 4], [16, false, 1],
])("threads on %s cores, isolated %s: %s", (cores, isIsolated, threads) => {
  expect(threadsFor(cores, isIsolated)).toBe(threads);
});
