/** The worker's own canvas: a frame's pixels, and a bitmap out of drawn pixels. */
import type { Image } from "../core/image";
import type { FramePicture } from "./messages";

export class FrameCanvas {
  #canvas = new OffscreenCanvas(1, 1);
  #context = contextOf(this.#canvas);
  #pixels = new ImageData(1, 1);

  /** Its pixels, RGBA; valid until the next frame. The picture is used up. */
  async read(picture: FramePicture): Promise<Image> {
    const [width, height] = sizeOf(picture);
    if (width !== this.#pixels.width || height !== this.#pixels.height) {
      this.#canvas = new OffscreenCanvas(width, height);
      this.#context = contextOf(this.#canvas);
      this.#pixels = new ImageData(width, height);
    }
    if (isCopied(picture)) {
      await picture.copyTo(this.#pixels.data, { format: "RGBA" });
    } else {
      this.#context.drawImage(picture, 0, 0);
      this.#pixels = this.#context.getImageData(0, 0, width, height);
    }
    picture.close();
    return { width, height, channels: 4, data: this.#pixels.data };
  }

  /** The picture as its pixels are now. */
  async write(): Promise<ImageBitmap> {
    this.#context.putImageData(this.#pixels, 0, 0);
    return createImageBitmap(this.#canvas);
  }
}

function contextOf(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  return canvas.getContext("2d", { willReadFrequently: true, alpha: false })!;
}

function sizeOf(picture: FramePicture): [number, number] {
  return "displayWidth" in picture ? [picture.displayWidth, picture.displayHeight] : [picture.width, picture.height];
}

/** Whether the browser can turn it into RGBA without a canvas, which is faster; some ignore the format, or a phone's turn. */
function isCopied(picture: FramePicture): picture is VideoFrame {
  if (!("copyTo" in picture)) return false;
  const { displayWidth, displayHeight, visibleRect } = picture, { rotation, flip } = picture as Turned;
  const isAsShown = visibleRect?.width === displayWidth && visibleRect.height === displayHeight && !rotation && !flip;
  return isAsShown && picture.allocationSize({ format: "RGBA" }) === displayWidth * displayHeight * 4;
}

/** What TypeScript does not know of video frames yet. */
type Turned = { readonly rotation?: number; readonly flip?: boolean };
