// A rough start by hand: a picture of the object, rendered by the service, that is dragged and turned on the frame. With
// several cameras each pane shows the same start, and takes moves of it.
import { call, type Camera, type Matrix, type Volume } from "./api";
import type { Pane, Tool } from "./pane";
import { readNpy } from "./npy";
import type { Place } from "./picture";
import { blockCamera, inverse, multiply, poseFromSix, type Six, sixFromPose } from "./pose";

const SIDE_PX = 200;
const MOVES: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const SAME: Matrix = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]];

// The start in all panes that show a frame. Poses are `world_from_volume`, with one camera that camera's.
export class Start {
  private readonly tools: StartTool[];

  constructor(panes: Pane[], name: string, volume: Volume, places: Record<string, Matrix>, pose: Matrix | null) {
    const shown = panes.filter((one) => one.frame);
    const placeOf = (pane: Pane) => places[pane.frame?.result.camera ?? ""] ?? SAME;
    const world = pose ?? (shown[0] ? multiply(inverse(placeOf(shown[0])), poseFromSix([0, 0, volume.range_mm, 0, 0, 0], volume)) : SAME);
    this.tools = shown.map((pane) => new StartTool(pane, name, volume, placeOf(pane), world, (moved) => this.follow(moved)));
  }

  get pose(): Matrix {
    return this.tools[0].pose;
  }

  // One finger turns instead of moving.
  get turning(): boolean {
    return this.tools[0].turning;
  }

  set turning(on: boolean) {
    for (const one of this.tools) one.turning = on;
  }

  private follow(moved: StartTool): void {
    for (const one of this.tools) if (one !== moved) one.pose = moved.pose;
  }
}

class StartTool implements Tool {
  turning = false;
  private six: Six;
  private shown: { six: Six; picture: HTMLCanvasElement } | null = null;
  private busy = false;
  private stale = false;
  private readonly block: number;
  private readonly matrix: Matrix;
  private readonly camera: Camera;

  constructor(
    private readonly pane: Pane, private readonly name: string, private readonly volume: Volume, private readonly place: Matrix,
    world: Matrix, private readonly moved: (tool: StartTool) => void,
  ) {
    this.camera = pane.frame?.camera as Camera;
    this.six = sixFromPose(multiply(place, world), volume);
    this.matrix = this.camera.intrinsic_matrix as Matrix;
    this.block = Math.max(1, Math.ceil(Math.max(this.camera.rows, this.camera.columns) / SIDE_PX));
    pane.tool = this;
    pane.redraw();
    void this.render();
  }

  get pose(): Matrix {
    return multiply(inverse(this.place), poseFromSix(this.six, this.volume));
  }

  set pose(world: Matrix) {
    this.six = sixFromPose(multiply(this.place, world), this.volume);
    this.show();
  }

  drag(du: number, dv: number, turning: boolean): void {
    if (turning || this.turning) this.turn(-0.4 * dv, 0.4 * du);
    else this.shift(du, dv);
  }

  wheel(steps: number): void {
    this.six[2] = Math.max(0.2 * this.volume.range_mm, this.six[2] * (1 + 0.01 * steps));
    this.changed();
  }

  twist(degrees: number): void {
    this.six[3] += degrees;
    this.changed();
  }

  key(event: KeyboardEvent): boolean {
    const move = MOVES[event.key];
    if (move && event.shiftKey) this.turn(-2 * move[1], 2 * move[0]);
    else if (move) this.shift(4 * move[0], 4 * move[1]);
    else if (event.key === "PageUp" || event.key === "PageDown") this.wheel(event.key === "PageUp" ? 1 : -1);
    else if (event.key === "q" || event.key === "e") this.twist(event.key === "e" ? 2 : -2);
    else return false;
    return true;
  }

  draw(pen: CanvasRenderingContext2D, place: Place): void {
    if (!this.shown) return;
    const [now, then] = [this.six, this.shown.six];
    const at = (six: Six, k: number) => (this.matrix[k][k] * six[k]) / six[2];
    const side = this.block * place.scale;
    const edge = place.scale / 2;
    pen.globalAlpha = 0.6;
    pen.drawImage(
      this.shown.picture,
      place.x - edge + place.scale * (at(now, 0) - at(then, 0)), place.y - edge + place.scale * (at(now, 1) - at(then, 1)),
      side * this.shown.picture.width, side * this.shown.picture.height,
    );
    pen.globalAlpha = 1;
  }

  private shift(du: number, dv: number): void {
    this.six[0] += (du * this.six[2]) / this.matrix[0][0];
    this.six[1] += (dv * this.six[2]) / this.matrix[1][1];
    this.changed();
  }

  private turn(alpha: number, beta: number): void {
    this.six[4] = Math.max(-85, Math.min(85, this.six[4] + alpha));
    this.six[5] += beta;
    this.changed();
  }

  private changed(): void {
    this.show();
    this.moved(this);
  }

  private show(): void {
    this.pane.redraw();
    void this.render();
  }

  // One picture is made at a time; the newest pose is next.
  private async render(): Promise<void> {
    if (this.busy) {
      this.stale = true;
      return;
    }
    [this.busy, this.stale] = [true, false];
    const six: Six = [...this.six];
    const camera = blockCamera({ ...this.camera, rows: this.camera.rows + this.block - 1, columns: this.camera.columns + this.block - 1 }, this.block);
    const { rows, columns } = camera;
    try {
      const body = { case: this.name, camera, camera_from_volume: poseFromSix(six, this.volume), format: "npy" };
      const npy = readNpy(await (await call("POST", "v1/render", body)).arrayBuffer());
      this.shown = { six, picture: tinted(new Float32Array(npy.data.slice(npy.offset)), rows, columns) };
    } catch {
      // The service is gone or refuses this pose: the last picture stays.
    }
    this.busy = false;
    this.pane.redraw();
    if (this.stale) void this.render();
  }
}

function tinted(lines: Float32Array, rows: number, columns: number): HTMLCanvasElement {
  const made = document.createElement("canvas");
  [made.width, made.height] = [columns, rows];
  const pen = made.getContext("2d") as CanvasRenderingContext2D;
  const image = pen.createImageData(columns, rows);
  const most = lines.reduce((a, b) => Math.max(a, b), 1e-6);
  lines.forEach((line, n) => {
    const inside = line > 0.02 * most;
    image.data.set([204, 121, 167, inside ? 90 + (165 * line) / most : 0], 4 * n);
  });
  pen.putImageData(image, 0, 0);
  return made;
}
