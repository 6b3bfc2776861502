/** The worker's own canvas: a frame's pixels out of a bitmap, and a bitmap out of drawn pixels. */
import type { Box } from "../core/geometry";
import type { Image } from "../core/image";

export class FrameCanvas {
  #canvas = new OffscreenCanvas(1, 1);
  #context = contextOf(this.#canvas);
  #pixels = this.#context.getImageData(0, 0, 1, 1);

  /** Its pixels, RGBA; valid until the next frame. The bitmap is used up. */
  read(bitmap: ImageBitmap): Image {
    const { width, height } = bitmap;
    if (width !== this.#canvas.width || height !== this.#canvas.height) {
      this.#canvas = new OffscreenCanvas(width, height);
      this.#context = contextOf(this.#canvas);
    }
    this.#context.drawImage(bitmap, 0, 0);
    bitmap.close();
    this.#pixels = this.#context.getImageData(0, 0, width, height);
    return { width, height, channels: 4, data: this.#pixels.data };
  }

  /** The picture, whose pixels changed in this box since it was read or last put. */
  async write(changed: Box | undefined): Promise<ImageBitmap> {
    if (changed) {
      const [left, top, right, bottom] = changed;
      this.#context.putImageData(this.#pixels, 0, 0, left, top, right - left, bottom - top);
    }
    return createImageBitmap(this.#canvas);
  }
}

function contextOf(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  return canvas.getContext("2d", { willReadFrequently: true, alpha: false })!;
}
