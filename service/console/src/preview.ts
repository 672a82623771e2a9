// Three pictures of what is chosen of a CT: its line integrals along the axes of the patient nearest to the file's.
import { el } from "./dom";
import { texts } from "./texts";
import type { SmallVolume } from "./volume_file";

export interface Choice { hu: [number, number] | null; box: [number[], number[]] | null; label: number | null; map: SmallVolume | null }

const WATER_PER_MM = 0.02;
// The axes that a picture shows, across and down, and the one that it looks along; LPS 0, 1, 2.
const LOOKS = [{ across: 0, down: 2, along: 1 }, { across: 1, down: 2, along: 0 }, { across: 0, down: 1, along: 2 }];

export class Preview {
  readonly element = el("div", { className: "preview", hidden: true });
  private readonly canvases = LOOKS.map((_, n) => el("canvas", { role: "img", ariaLabel: texts.looks[n] }));

  private readonly share = el("p", { className: "note", role: "status" });

  constructor() {
    this.canvases.forEach((canvas, n) => this.element.append(el("figure", {}, canvas, el("figcaption", {}, texts.looks[n]))));
    this.element.append(this.share);
  }

  clear(): void {
    this.element.hidden = true;
  }

  show(volume: SmallVolume, choice: Choice): void {
    this.element.hidden = false;
    const kept = keptVoxels(volume, choice);
    LOOKS.forEach((look, n) => draw(this.canvases[n], volume, kept, look, choice.box));
    const count = kept.reduce((sum, one) => sum + one, 0);
    this.share.textContent = texts.kept((100 * count) / kept.length);
    this.element.dataset.kept = String(count);
  }
}

// 1 for each voxel that the window, the box and the label leave.
export function keptVoxels(volume: SmallVolume, choice: Choice): Uint8Array {
  const { values, size: [nx, ny], lpsFromIndex } = volume;
  const kept = new Uint8Array(values.length);
  const { hu, box, label, map } = choice;
  const labelled = label !== null && map && map.values.length === values.length ? map : null;
  const [low, high] = box ? [0, 1].map((end) => [0, 1, 2].map((i) => (end ? Math.max : Math.min)(box[0][i], box[1][i]))) : [null, null];
  for (let n = 0; n < values.length; n++) {
    if (hu && (values[n] < hu[0] || values[n] > hu[1])) continue;
    if (labelled && labelled.values[n] !== label) continue;
    if (low && high) {
      const at = [n % nx, Math.floor(n / nx) % ny, Math.floor(n / (nx * ny))];
      const outside = lpsFromIndex.some((row, i) => {
        const mm = row[0] * at[0] + row[1] * at[1] + row[2] * at[2] + row[3];
        return mm < low[i] || mm > high[i];
      });
      if (outside) continue;
    }
    kept[n] = 1;
  }
  return kept;
}

// The file's axis that lies nearest to each of the patient's, and whether it runs the same way.
export function nearestAxes(volume: SmallVolume): { axis: number; forward: boolean; spacing: number }[] {
  const spacing = [0, 1, 2].map((j) => Math.hypot(...volume.lpsFromIndex.map((row) => row[j])));
  const share = (i: number, j: number) => volume.lpsFromIndex[i][j] / spacing[j];
  const orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
  const total = (order: number[]) => order.reduce((sum, j, i) => sum + Math.abs(share(i, j)), 0);
  const best = orders.reduce((a, b) => (total(b) > total(a) ? b : a));
  return best.map((j, i) => ({ axis: j, forward: share(i, j) > 0, spacing: spacing[j] }));
}

function draw(canvas: HTMLCanvasElement, volume: SmallVolume, kept: Uint8Array, look: (typeof LOOKS)[number], box: Choice["box"]): void {
  const axes = nearestAxes(volume);
  const { size } = volume;
  const [across, down] = [axes[look.across], axes[look.down]];
  const [width, height] = [size[across.axis], size[down.axis]];
  const sums = new Float32Array(width * height);
  const length = axes[look.along].spacing * WATER_PER_MM;
  for (let n = 0; n < kept.length; n++) {
    if (!kept[n]) continue;
    const at = [n % size[0], Math.floor(n / size[0]) % size[1], Math.floor(n / (size[0] * size[1]))];
    const u = across.forward ? at[across.axis] : width - 1 - at[across.axis];
    // Superior is up; posterior is down.
    const v = down.forward !== (look.down === 2) ? at[down.axis] : height - 1 - at[down.axis];
    sums[v * width + u] += length * Math.max(0, 1 + volume.values[n] / 1000);
  }
  const most = Math.max(1e-6, sums.reduce((a, b) => Math.max(a, b), 0));
  [canvas.width, canvas.height] = [width, height];
  canvas.style.setProperty("aspect-ratio", `${width * across.spacing} / ${height * down.spacing}`);
  const pen = canvas.getContext("2d") as CanvasRenderingContext2D;
  const image = pen.createImageData(width, height);
  sums.forEach((line, n) => {
    const shade = 255 * (1 - line / most);
    image.data.set([shade, shade, shade, 255], 4 * n);
  });
  pen.putImageData(image, 0, 0);
  canvas.dataset.dark = String(sums.reduce((count, line) => count + (line > 0 ? 1 : 0), 0));
  if (box) canvas.dataset.boxed = "true";
  else delete canvas.dataset.boxed;
}
