/** The page's own files: each fetched from its folder, checked, and unpacked where it is packed. */

/** A file that is missing or damaged, in a sentence. */
export class DownloadError extends Error {}

export async function download(url: URL): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch {
    throw new DownloadError(`${nameOf(url)} cannot be loaded: no connection to where this page comes from.`);
  }
  if (!response.ok) throw new DownloadError(`${nameOf(url)} is missing beside this page (${response.status}).`);
  return response;
}

/** Its bytes, after a look at their sum where the browser can work it out (it can on https and on localhost). */
export async function downloadChecked(url: URL, sha256: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(await (await download(url)).arrayBuffer());
  if (crypto.subtle) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (hex !== sha256) throw new DownloadError(`${nameOf(url)} is damaged: its SHA-256 is not the one it was exported with.`);
  }
  return bytes;
}

/** The bytes of a .gz file, also from a server that has unpacked it on the way. */
export async function downloadUnpacked(url: URL): Promise<ArrayBuffer> {
  const packed = await (await download(url)).arrayBuffer(), [first, second] = new Uint8Array(packed, 0, 2);
  if (first !== 0x1f || second !== 0x8b) return packed;
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  try {
    return await new Response(unpacked).arrayBuffer();
  } catch {
    throw new DownloadError(`${nameOf(url)} is damaged: it cannot be unpacked.`);
  }
}

function nameOf(url: URL): string {
  return url.pathname.split("/").slice(-2).join("/");
}
