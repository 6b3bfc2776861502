/** The picture on the page: shown, mirrored, kept as a snapshot, recorded. */
import { downloadBlob, nameNow } from "./saving";

const VIDEO_TYPES = ["video/mp4;codecs=avc1.42E01E", "video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"];

export class Stage {
  readonly #context: CanvasRenderingContext2D;
  #last?: ImageBitmap;
  #isMirrored = false;
  #recorder?: MediaRecorder;

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.#context = canvas.getContext("2d", { alpha: false })!;
  }

  /** The picture takes the place of the last one, which is let go. */
  show(picture: ImageBitmap): void {
    if (this.#last !== picture) this.#last?.close();
    this.#last = picture;
    const { width, height } = picture, { canvas } = this;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
      canvas.style.setProperty("--ratio", String(width / height));
    }
    this.#context.setTransform(this.#isMirrored ? -1 : 1, 0, 0, 1, this.#isMirrored ? width : 0, 0);
    this.#context.drawImage(picture, 0, 0);
  }

  set isMirrored(isMirrored: boolean) {
    this.#isMirrored = isMirrored;
    if (this.#last) this.show(this.#last);
  }

  get isRecording(): boolean {
    return this.#recorder?.state === "recording";
  }

  /** Save the picture as it is seen; its file's name. */
  async snapshot(): Promise<string> {
    const blob = await new Promise<Blob>((resolve) => this.canvas.toBlob((png) => resolve(png!), "image/png"));
    return downloadBlob(blob, nameNow("png"));
  }

  /** Record what is seen from now on; false where this browser cannot. */
  startRecording(): boolean {
    const type = typeof MediaRecorder === "undefined" ? undefined : VIDEO_TYPES.find((one) => MediaRecorder.isTypeSupported(one));
    if (!type || !this.canvas.captureStream) return false;
    this.#recorder = new MediaRecorder(this.canvas.captureStream(), { mimeType: type, videoBitsPerSecond: 5_000_000 });
    this.#recorder.start();
    return true;
  }

  /** Save the recording; its file's name, undefined where there is none. */
  async stopRecording(): Promise<string | undefined> {
    const recorder = this.#recorder;
    if (!recorder || recorder.state === "inactive") return undefined;
    const video = new Promise<Blob>((resolve) => (recorder.ondataavailable = ({ data }) => resolve(data)));
    recorder.stop();
    recorder.stream.getTracks().forEach((track) => track.stop());
    return downloadBlob(await video, nameNow(recorder.mimeType.includes("mp4") ? "mp4" : "webm"));
  }
}
