// A surface around an object, from the API alone: what lies inside the object's picture from every one of some views
// (its visual hull). Hollows that no picture shows are filled.
import { call, type Matrix, type Volume } from "./api";
import { readNpy } from "./npy";
import { project, transform } from "./pose";

export interface Surface { points: Float32Array; triangles: Uint32Array }

const VIEWS = 14;
const SIDE_PX = 96;
const CELLS = 40;
const EDGE_SHARE = 0.05;
const FAR = 12;

export async function objectHull(name: string, volume: Volume): Promise<Surface> {
  const { corners_mm: corners } = volume;
  const axis = (i: number) => corners.map((one) => one[i]);
  const low = [0, 1, 2].map((i) => Math.min(...axis(i)));
  const high = [0, 1, 2].map((i) => Math.max(...axis(i)));
  const middle = low.map((value, i) => (value + high[i]) / 2);
  const size = Math.hypot(...low.map((value, i) => high[i] - value));
  const focal = (SIDE_PX / 1.05) * FAR;
  const centre = (SIDE_PX - 1) / 2;
  const camera = { rows: SIDE_PX, columns: SIDE_PX, intrinsic_matrix: [[focal, 0, centre], [0, focal, centre], [0, 0, 1]] };
  const views: { pose: Matrix; lines: Float32Array; most: number }[] = [];
  for (const direction of directions()) {
    const pose = seenAlong(direction, middle, FAR * size);
    const npy = readNpy(await (await call("POST", "v1/render", { case: name, camera, camera_from_volume: pose, format: "npy" })).arrayBuffer());
    const lines = new Float32Array(npy.data.slice(npy.offset));
    views.push({ pose, lines, most: Math.max(1e-9, lines.reduce((a, b) => Math.max(a, b), 0)) });
  }
  const side = (Math.max(...low.map((value, i) => high[i] - value)) * 1.06) / (CELLS - 1);
  const first = middle.map((value) => value - (side * (CELLS - 1)) / 2);
  const field = new Float32Array(CELLS ** 3);
  for (let n = 0; n < field.length; n++) {
    const place = [n % CELLS, Math.floor(n / CELLS) % CELLS, Math.floor(n / CELLS ** 2)].map((at, i) => first[i] + side * at);
    field[n] = Math.min(...views.map((view) => {
      const [u, v] = project(camera, transform(view.pose, place));
      return Math.min(0.3, sample(view.lines, u, v) / view.most) - EDGE_SHARE;
    }));
  }
  return surfaceNet(field, first, side);
}

// Evenly over half a sphere; the other half shows the same shapes.
function directions(): number[][] {
  return Array.from({ length: VIEWS }, (_, n) => {
    const z = (n + 0.5) / VIEWS;
    const turn = n * Math.PI * (3 - Math.sqrt(5));
    return [Math.cos(turn) * Math.sqrt(1 - z * z), Math.sin(turn) * Math.sqrt(1 - z * z), z];
  });
}

function seenAlong(z: number[], middle: number[], distance: number): Matrix {
  const up = Math.abs(z[2]) < 0.9 ? [0, 0, 1] : [0, 1, 0];
  const cross = (a: number[], b: number[]) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  const wide = cross(up, z);
  const x = wide.map((value) => value / Math.hypot(...wide));
  const rotation = [x, cross(z, x), z];
  const moved = rotation.map((row) => -(row[0] * middle[0] + row[1] * middle[1] + row[2] * middle[2]));
  moved[2] += distance;
  return [...rotation.map((row, i) => [...row, moved[i]]), [0, 0, 0, 1]];
}

function sample(lines: Float32Array, u: number, v: number): number {
  const [a, b] = [Math.floor(u), Math.floor(v)];
  if (a < 0 || b < 0 || a >= SIDE_PX - 1 || b >= SIDE_PX - 1) return 0;
  const [p, q] = [u - a, v - b];
  const at = (i: number, j: number) => lines[(b + j) * SIDE_PX + a + i];
  return (1 - q) * ((1 - p) * at(0, 0) + p * at(1, 0)) + q * ((1 - p) * at(0, 1) + p * at(1, 1));
}

// Surface nets (Gibson 1998, doi:10.1007/BFb0056277): a point in each cell that the surface crosses, at the mean of the
// crossings of the cell's edges, and two triangles for each edge of the grid that it crosses.
export function surfaceNet(field: Float32Array, first: number[], side: number): Surface {
  const steps = [1, CELLS, CELLS ** 2];
  const pointOf = new Int32Array(field.length).fill(-1);
  const points: number[] = [];
  const triangles: number[] = [];
  const corner = (n: number, c: number) => n + (c & 1) + ((c >> 1) & 1) * steps[1] + ((c >> 2) & 1) * steps[2];
  const place = (n: number) => [n % CELLS, Math.floor(n / CELLS) % CELLS, Math.floor(n / CELLS ** 2)];
  for (let n = 0; n < field.length; n++) {
    const at = place(n);
    if (at.some((one) => one === CELLS - 1)) continue;
    let [crossings, sum] = [0, [0, 0, 0]];
    for (let c = 0; c < 8; c++) {
      for (let axis = 0; axis < 3; axis++) {
        if (c & (1 << axis)) continue;
        const [a, b] = [field[corner(n, c)], field[corner(n, c | (1 << axis))]];
        if (a > 0 === b > 0) continue;
        crossings++;
        sum = sum.map((value, i) => value + ((c >> i) & 1) + (i === axis ? a / (a - b) : 0));
      }
    }
    if (!crossings) continue;
    pointOf[n] = points.length / 3;
    points.push(...at.map((one, i) => first[i] + side * (one + sum[i] / crossings)));
  }
  for (let n = 0; n < field.length; n++) {
    const at = place(n);
    for (let axis = 0; axis < 3; axis++) {
      const [i, j] = [(axis + 1) % 3, (axis + 2) % 3];
      if (at[axis] === CELLS - 1 || !at[i] || !at[j]) continue;
      const [here, there] = [field[n] > 0, field[n + steps[axis]] > 0];
      if (here === there) continue;
      const four = [n, n - steps[i], n - steps[i] - steps[j], n - steps[j]].map((cell) => pointOf[cell]);
      if (four.some((one) => one < 0)) continue;
      const [a, b, c, d] = here ? four : four.reverse();
      triangles.push(a, b, c, a, c, d);
    }
  }
  return { points: new Float32Array(points), triangles: new Uint32Array(triangles) };
}
