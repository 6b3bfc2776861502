/** A static server that can also be a bad one: without the two headers, with files missing or damaged. */
import { createServer } from "node:http";
import { existsSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import type { AddressInfo } from "node:net";

const TYPES: Record<string, string> = {
  ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml",
  ".json": "application/json", ".jpg": "image/jpeg",
};
const HEADERS = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export type ServerOptions = {
  readonly headers?: boolean;
  /** A file that is not there. */
  readonly missing?: string;
  /** A file of which one byte is another, or which is cut off. */
  readonly damaged?: string;
  readonly cutOff?: string;
};
export type Server = { readonly url: string; readonly asked: string[]; stop(): Promise<void> };

export async function serve(folder: string, { headers = true, missing, damaged, cutOff }: ServerOptions = {}): Promise<Server> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const name = decodeURIComponent(request.url!.split("?")[0]).replace(/^\//, "") || "index.html";
    asked.push(name);
    const path = join(folder, name);
    if (name === missing || name.includes("..") || !existsSync(path)) return void response.writeHead(404).end();
    let content: Buffer = readFileSync(path);
    if (name === damaged) content[content.length >> 1] ^= 0xff;
    if (name === cutOff) content = content.subarray(0, content.length >> 1);
    response.writeHead(200, { ...(headers ? HEADERS : {}), "Content-Type": TYPES[extname(name)] ?? "application/octet-stream" });
    response.end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () => new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
  return { url: `http://localhost:${(server.address() as AddressInfo).port}/`, asked, stop };
}
