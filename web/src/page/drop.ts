/** A photo or a video that is dropped on the page. */

export function onDrop(stage: HTMLElement, open: (file: File) => void): void {
  const hasFile = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  window.addEventListener("dragover", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    stage.dataset.dropping = "";
  });
  window.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) delete stage.dataset.dropping;
  });
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    delete stage.dataset.dropping;
    const file = event.dataTransfer?.files[0];
    if (file) open(file);
  });
}
