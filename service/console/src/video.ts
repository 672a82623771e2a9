// Frames of a video: grey values of 8 bits, as a screen shows them. The browser decodes what it can.
import type { FileFrames } from "./files";
import { texts } from "./texts";

// A video does not tell its frames; so many per second are taken of it.
const FPS = 15;

export async function videoFrames(file: File): Promise<FileFrames> {
  const video = document.createElement("video");
  video.muted = true;
  video.preload = "auto";
  video.src = URL.createObjectURL(file);
  await new Promise<void>((resolve, reject) => {
    video.onloadeddata = () => resolve();
    video.onerror = () => reject(new Error(texts.damaged(file.name)));
  });
  const [rows, columns] = [video.videoHeight, video.videoWidth];
  const canvas = new OffscreenCanvas(columns, rows);
  const pen = canvas.getContext("2d", { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  // A recording of a browser does not tell how long it is before its end was sought.
  if (!Number.isFinite(video.duration)) await seek(video, 1e9);
  const count = Math.max(1, Math.floor(video.duration * FPS));
  const read = async (n: number): Promise<ArrayBuffer> => {
    await seek(video, Math.min(video.duration, (n + 0.5) / FPS));
    pen.drawImage(video, 0, 0);
    const { data } = pen.getImageData(0, 0, columns, rows);
    const grey = new Uint8Array(rows * columns);
    for (let n = 0; n < grey.length; n++) grey[n] = (77 * data[4 * n] + 150 * data[4 * n + 1] + 29 * data[4 * n + 2]) >> 8;
    return grey.buffer;
  };
  const meta = { dtype: "uint8", rows, columns };
  return { frames: Array.from({ length: count }, (_, n) => ({ meta, read: () => read(n) })), rows, columns, what: texts.video(rows, columns), display: true };
}

async function seek(video: HTMLVideoElement, seconds: number): Promise<void> {
  await new Promise((resolve) => {
    video.addEventListener("seeked", resolve, { once: true });
    video.currentTime = seconds;
  });
}
