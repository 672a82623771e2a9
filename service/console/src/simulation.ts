// The built-in simulated run: pictures of a case's object on its way, rendered by the service, with noise added here.
import { call, type Camera, type CaseState, type Matrix, type Volume } from "./api";
import { readNpy } from "./npy";
import { multiply, poseFromSix, type Six } from "./pose";
import type { FrameSource } from "./writer";

const SIDE_PX = 512;
const STEPS = 40;
const ABSENT = 18;
const ROUNDS = 4;
const APART_DEG = 30;

export function simulatedCamera(volume: Volume): Camera {
  const distance = 1.35 * volume.range_mm;
  const spacing = (volume.size_mm * 1.35 * 2.1) / SIDE_PX;
  return {
    rows: SIDE_PX, columns: SIDE_PX, row_spacing_mm: spacing, column_spacing_mm: spacing, source_to_detector_mm: distance,
  };
}

// A closed path, so that the run can go on: the last pose is as near to the first as to the one before.
export function simulatedPath(volume: Volume): Six[] {
  return Array.from({ length: STEPS }, (_, n) => {
    const at = (2 * Math.PI * n) / STEPS;
    const reach = 0.12 * volume.size_mm;
    return [
      reach * Math.sin(at), 0.6 * reach * Math.sin(2 * at), volume.range_mm + 12 * Math.cos(at),
      7 * Math.sin(at + 0.6), 4 * Math.cos(at), 5 * Math.sin(2 * at + 1),
    ];
  });
}

// The world is the first camera's frame; the second looks at the same place from the side.
function placesOf(volume: Volume, pair: boolean): Record<string, Matrix> {
  const [c, s] = [Math.cos((APART_DEG * Math.PI) / 180), Math.sin((APART_DEG * Math.PI) / 180)];
  const front = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]];
  if (!pair) return { camera: front };
  return { front, side: [[c, 0, s, -s * volume.range_mm], [0, 1, 0, 0], [-s, 0, c, (1 - c) * volume.range_mm], [0, 0, 0, 1]] };
}

export async function simulatedRun(
  asked: CaseState, pair: boolean, leaves: () => boolean, progress: (done: number, all: number) => void, cancelled: () => boolean,
): Promise<FrameSource | null> {
  const volume = asked.volume as Volume;
  const camera = simulatedCamera(volume);
  const shape = { rows: camera.rows, columns: camera.columns };
  const places = placesOf(volume, pair);
  const frames: Record<string, Uint16Array>[] = [];
  const background = tissue(SIDE_PX);
  const detect = (lines: Float32Array | null): Uint16Array => detected(lines, background);
  for (const six of simulatedPath(volume)) {
    const instant: Record<string, Uint16Array> = {};
    for (const [name, place] of Object.entries(places)) {
      if (cancelled()) return null;
      const body = { case: asked.case, camera, camera_from_volume: multiply(place, poseFromSix(six, volume)), format: "npy" };
      const npy = readNpy(await (await call("POST", "v1/render", body)).arrayBuffer());
      instant[name] = detect(new Float32Array(npy.data.slice(npy.offset)));
    }
    frames.push(instant);
    progress(frames.length, STEPS);
  }
  const empty = detect(null);
  const placed = Object.fromEntries(Object.entries(places).map(([name, place]) => [name, { ...camera, camera_from_world: place }]));
  const cycle = ROUNDS * STEPS + ABSENT;
  return {
    case: asked.case, cameras: pair ? { cameras: placed } : { camera }, places: pair ? places : {}, pixelMeaning: "intensity", inverted: false,
    frames: async (n) => {
      const at = n % cycle;
      return Object.entries(frames[at % STEPS]).map(([name, seen]) => {
        const pixels = leaves() && at >= ROUNDS * STEPS ? empty : seen;
        return { meta: { dtype: "uint16", ...shape, ...(pair ? { camera: name } : {}) }, body: new Uint8Array(pixels.buffer) };
      });
    },
  };
}

function tissue(side: number): Float32Array {
  const lines = new Float32Array(side * side);
  for (let v = 0; v < side; v++) {
    for (let u = 0; u < side; u++) {
      const [x, y] = [u / side - 0.5, v / side - 0.5];
      lines[v * side + u] = 0.9 - 1.1 * x * x - 0.5 * y * y + 0.06 * Math.sin(9 * x + 4 * y) + 0.05 * Math.cos(7 * y - 5 * x);
    }
  }
  return lines;
}

function detected(lines: Float32Array | null, background: Float32Array): Uint16Array {
  const pixels = new Uint16Array(background.length);
  for (let n = 0; n < pixels.length; n++) {
    const mean = 50000 * Math.exp(-background[n] - (lines ? lines[n] : 0)) + 300;
    const noise = Math.random() + Math.random() + Math.random() + Math.random() - 2;
    pixels[n] = Math.max(0, Math.min(65535, mean + 3 * Math.sqrt(mean) * noise));
  }
  return pixels;
}
