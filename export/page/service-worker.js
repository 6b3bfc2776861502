// Keeps the page for when there is no network, and gives it the two headers that threads need where its host does not.
importScripts("files.js"); // PAGE: its version and files; `python -m export web` writes it, so that a new page is fetched

const CACHE = `eye-lip-${PAGE.version}`;
const isRuntime = (path) => path.startsWith("runtime/"); // kept when it is first asked for: the page needs only one of two

self.addEventListener("install", (event) => {
  const wanted = PAGE.files.filter((path) => !isRuntime(path)).map((path) => new Request(path || "./", { cache: "no-cache" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(wanted)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const forget = async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith("eye-lip-") && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(forget());
});

self.addEventListener("fetch", (event) => {
  const path = event.request.url.replace(self.registration.scope, "").split(/[?#]/)[0];
  if (event.request.method === "GET" && PAGE.files.includes(path)) event.respondWith(answer(event.request, path));
});

async function answer(request, path) {
  const cache = await caches.open(CACHE);
  const url = new URL(path, self.registration.scope);
  let response = await cache.match(url);
  if (!response) {
    response = await fetch(request);
    if (response.ok) await cache.put(url, response.clone());
  }
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
