// Makes the overlays of a pane. A frame is shown once the object's picture at its own pose is there: never a frame with
// the pose of another. One picture is made at a time, and newer frames take the place of those that wait.
import { call, type Found, type Matrix } from "./api";
import type { Frame } from "./frames";
import { readNpy } from "./npy";
import { blend, type Kind } from "./overlays";
import { blockCamera } from "./pose";

export class Blender {
  kind: Kind = "outline";
  private busy = false;
  private next: Frame | null = null;
  private closed = false;

  constructor(private readonly show: (frame: Frame, overlay: HTMLCanvasElement | null) => void) {}

  take(frame: Frame): void {
    if (this.busy) this.next = frame;
    else if (this.kind === "outline" || !found(frame).length) this.show(frame, null);
    else void this.make(frame);
  }

  // What is still being made is not shown any more: the pane has gone on to another session.
  close(): void {
    this.closed = true;
  }

  private async make(frame: Frame): Promise<void> {
    this.busy = true;
    const overlay = await overlayOf(this.kind, frame).catch(() => null);
    this.busy = false;
    if (this.closed) return;
    this.show(frame, overlay);
    const { next } = this;
    this.next = null;
    if (next) this.take(next);
  }
}

function found(frame: Frame): Found[] {
  return (frame.result.objects ?? [frame.result]).filter((one) => one.status !== "LOST" && one.camera_from_volume);
}

// The overlay of all objects that were found. Raises what `call` raises.
export async function overlayOf(kind: Kind, frame: Frame): Promise<HTMLCanvasElement> {
  const camera = blockCamera({ ...frame.camera, rows: frame.rows * frame.block, columns: frame.columns * frame.block }, frame.block);
  const lines = new Float32Array(frame.rows * frame.columns);
  for (const one of found(frame)) {
    const pose = one.camera_from_volume as Matrix;
    const npy = readNpy(await (await call("POST", "v1/render", { case: one.case, camera, camera_from_volume: pose, format: "npy" })).arrayBuffer());
    new Float32Array(npy.data.slice(npy.offset)).forEach((line, n) => (lines[n] += line));
  }
  const made = document.createElement("canvas");
  [made.width, made.height] = [frame.columns, frame.rows];
  (made.getContext("2d") as CanvasRenderingContext2D).putImageData(blend(kind, frame, lines), 0, 0);
  return made;
}
