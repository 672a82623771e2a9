// Overlays that need the object's picture: shaded, checkerboard, difference. As service/fluoropose/io/overlays.py draws
// them: greys are line integrals, dense is dark.
import type { Frame } from "./frames";

export const KINDS = ["outline", "shaded", "checkerboard", "difference"] as const;
export type Kind = (typeof KINDS)[number];

const MOST = 8;
const INTENSITY_FLOOR = 1 / 700;
const DISPLAY_FLOOR = 4 / 255;
const SQUARES = 12;
const DARKEST_SHARE = 0.1;
const SAMPLE = 30000;
const ORANGE = [255, 150, 40];

// The frame's line integrals, up to an offset, in its picture's pixels (imaging/xray.py).
export function lineIntegrals(frame: Frame): Float32Array {
  const { pixels, values: [low, high] } = frame;
  const step = (high - low) / 65535;
  const lines = new Float32Array(pixels.length);
  if (frame.pixel_meaning === "line_integral") {
    const sign = frame.inverted ? -1 : 1;
    for (let n = 0; n < lines.length; n++) lines[n] = Math.min(MOST, sign * (low + step * pixels[n]));
    return lines;
  }
  const floor = frame.pixel_meaning === "display" ? DISPLAY_FLOOR : INTENSITY_FLOOR;
  let most = 0;
  for (let n = 0; n < pixels.length; n++) if (pixels[n] > most) most = pixels[n];
  const whole = low + step * most;
  const top = frame.pixel_meaning === "display" && step === 1 ? (whole > 255 ? 65535 : 255) : Math.max(whole, 1e-6);
  const table = new Float32Array(most + 1);
  for (let n = 0; n <= most; n++) {
    const share = (low + step * n) / top;
    table[n] = Math.min(MOST, -Math.log(Math.max((frame.inverted ? 1 - share : share) + floor, floor / 2) / (1 + floor)));
  }
  for (let n = 0; n < lines.length; n++) lines[n] = table[pixels[n]];
  return lines;
}

// The overlay over the frame's picture, RGBA; `object` holds the object's line integrals in the same pixels.
export function blend(kind: Kind, frame: Frame, object: Float32Array): ImageData {
  const picture = new ImageData(frame.columns, frame.rows);
  if (kind === "shaded") shade(picture, object);
  else if (kind === "checkerboard") checker(picture, frame, object);
  else subtract(picture, frame, object);
  return picture;
}

function shade(picture: ImageData, object: Float32Array): void {
  const most = Math.max(1e-9, object.reduce((a, b) => Math.max(a, b), 0));
  object.forEach((line, n) => {
    picture.data.set(ORANGE, 4 * n);
    picture.data[4 * n + 3] = Math.round(255 * 0.65 * Math.max(0, line / most) ** 0.7);
  });
}

function checker(picture: ImageData, frame: Frame, object: Float32Array): void {
  const lines = lineIntegrals(frame);
  const simulated = scaled(lines, object, frame.columns);
  const [low, high] = contrast(lines);
  const side = Math.max(1, Math.round(Math.max(frame.rows, frame.columns) / SQUARES));
  for (let n = 0; n < lines.length; n++) {
    const [v, u] = [Math.floor(n / frame.columns), n % frame.columns];
    const line = (Math.floor(v / side) + Math.floor(u / side)) % 2 === 0 ? lines[n] : simulated[n];
    grey(picture, n, 1 - (line - low) / (high - low));
  }
}

function subtract(picture: ImageData, frame: Frame, object: Float32Array): void {
  const lines = lineIntegrals(frame);
  const simulated = scaled(lines, object, frame.columns);
  const near = around(object, frame.columns);
  const left = lines.map((line, n) => line - simulated[n]);
  const sizes = near ? inside(left, near, frame.columns).map(Math.abs) : left.map(Math.abs);
  const spread = Math.max(1e-6, near ? percentile(sizes, 0.98) : percentile(sizes, 1));
  for (let n = 0; n < left.length; n++) grey(picture, n, 0.5 - 0.5 * Math.max(-1, Math.min(1, left[n] / spread)));
}

function grey(picture: ImageData, n: number, share: number): void {
  const value = Math.round(255 * Math.max(0, Math.min(1, share)));
  picture.data.set([value, value, value, 255], 4 * n);
}

interface Box { first: number; last: number; left: number; right: number }

function around(object: Float32Array, columns: number): Box | null {
  const box = { first: Infinity, last: -1, left: Infinity, right: -1 };
  object.forEach((line, n) => {
    if (line <= 0) return;
    const [v, u] = [Math.floor(n / columns), n % columns];
    box.first = Math.min(box.first, v);
    box.last = v;
    box.left = Math.min(box.left, u);
    box.right = Math.max(box.right, u);
  });
  return box.last < 0 ? null : box;
}

function inside(values: Float32Array, box: Box, columns: number): Float32Array {
  const width = box.right - box.left + 1;
  const found = new Float32Array(width * (box.last - box.first + 1));
  for (let v = box.first; v <= box.last; v++) {
    found.set(values.subarray(v * columns + box.left, v * columns + box.right + 1), (v - box.first) * width);
  }
  return found;
}

// a * object + b with the a >= 0 and b that bring it nearest to the frame around the object.
function scaled(lines: Float32Array, object: Float32Array, columns: number): Float32Array {
  const box = around(object, columns);
  if (!box) return lines.map(() => percentile(lines, 0.5));
  const [seen, shown] = [inside(lines, box, columns), inside(object, box, columns)];
  const mean = (values: Float32Array) => values.reduce((a, b) => a + b, 0) / values.length;
  const [seenMean, shownMean] = [mean(seen), mean(shown)];
  let [cross, square] = [0, 1e-12];
  for (let n = 0; n < seen.length; n++) {
    const one = shown[n] - shownMean;
    cross += one * (seen[n] - seenMean);
    square += one * one;
  }
  const scale = Math.max(0, cross / square);
  return object.map((line) => scale * line + (seenMean - scale * shownMean));
}

function contrast(lines: Float32Array): [number, number] {
  const [least, most] = [lines.reduce((a, b) => Math.min(a, b), Infinity), lines.reduce((a, b) => Math.max(a, b), -Infinity)];
  const lit = lines.filter((line) => line < most - DARKEST_SHARE * (most - least));
  const base = lit.length >= lines.length / 4 ? lit : lines;
  const low = percentile(base, 0.005);
  return [low, Math.max(low + 1e-9, percentile(base, 0.995))];
}

// Of large pictures a sample is sorted.
function percentile(values: Float32Array, share: number): number {
  const step = Math.max(1, Math.floor(values.length / SAMPLE));
  const sample = new Float32Array(Math.ceil(values.length / step));
  for (let n = 0; n < sample.length; n++) sample[n] = values[n * step];
  sample.sort();
  const place = share * (sample.length - 1);
  const [below, part] = [Math.floor(place), place % 1];
  return sample[below] + part * (sample[Math.min(below + 1, sample.length - 1)] - sample[below]);
}
