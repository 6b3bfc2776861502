/** How the demo's portrait lies in the frame, as realtime/capture/demo.py. */
import { type Matrix } from "./geometry";
import tables from "./tables.json";

export const { width: DEMO_WIDTH, height: DEMO_HEIGHT, fps: DEMO_FPS, periodS: DEMO_PERIOD_S } = tables.demo;
const [FACE_X, FACE_Y] = tables.demo.faceCenterPx;

/** From the portrait to the frame at this time: swaying, nodding, coming nearer and going back. */
export function portraitMatrix(timeS: number): Matrix {
  const phase = (2 * Math.PI * timeS) / DEMO_PERIOD_S;
  const scale = 1.75 + 0.2 * Math.sin(phase);
  const angle = (8 * Math.sin(2 * phase + 0.5) * Math.PI) / 180;
  const cos = scale * Math.cos(angle), sin = scale * Math.sin(angle);
  const x = DEMO_WIDTH / 2 + 40 * Math.sin(phase + 1), y = DEMO_HEIGHT / 2 + 20 * Math.sin(3 * phase);
  return [cos, sin, x - cos * FACE_X - sin * FACE_Y, -sin, cos, y + sin * FACE_X - cos * FACE_Y];
}
