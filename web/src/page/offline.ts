/** The page without a network: its service worker keeps the files. */

/** Keep them from now on, those of the runtime that this browser needs included. */
export async function keepForOffline(runtime: readonly string[]): Promise<void> {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register("service-worker.js", { updateViaCache: "none" });
  await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller) {
    await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
  }
  await Promise.all(runtime.map(async (path) => (await fetch(path)).arrayBuffer())); // through it, so that it keeps them
  document.documentElement.dataset.offline = "kept";
}
