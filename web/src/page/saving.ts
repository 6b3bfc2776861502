/** Files that the user keeps. */

/** Hand it to the browser's downloads; its name. */
export function downloadBlob(blob: Blob, name: string): string {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return name;
}

export function nameNow(suffix: string, now = new Date()): string {
  const digits = new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 19).replace(/[-:]/g, "");
  return `eye-lip-${digits.replace("T", "-")}.${suffix}`;
}
