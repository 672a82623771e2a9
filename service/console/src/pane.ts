// The picture with what is drawn on it: window, zoom, pan, outlines. By mouse, touch and keyboard.
import { el } from "./dom";
import type { Frame } from "./frames";
import { drawEllipse, drawName, drawOutline } from "./marks";
import { autoWindow, makePainter, type Painter, type Painting, type Place, type Window16 } from "./picture";
import type { Ellipse } from "./pose";
import { texts } from "./texts";

export interface Tool {
  draw: (pen: CanvasRenderingContext2D, place: Place) => void;
  // Moves of a pointer in pixels of the frame, and keys; returns whether it took them.
  drag: (du: number, dv: number, turning: boolean) => void;
  wheel: (steps: number) => void;
  twist: (degrees: number) => void;
  key: (event: KeyboardEvent) => boolean;
}

const KEY_STEP = 40;

export class Pane {
  readonly painter: Painter;
  readonly element: HTMLElement;
  outlined = true;
  tool: Tool | null = null;
  // One for each object of the frame, null where there is nothing to state.
  ellipses: (Ellipse | null)[] = [];
  onwindow: () => void = () => {};
  readonly window: Window16 = { low: 0, high: 65535, inverted: false };
  automatic = true;
  frame: Frame | null = null;
  private overlay: HTMLCanvasElement | null = null;
  private place: Place = { x: 0, y: 0, scale: 1 };
  private fitted = true;
  private isNew = false;
  private asked = false;
  // The picture is made apart and then copied: a browser may show two canvases at two moments, and the outline of one
  // frame on the picture of another.
  private readonly below = el("canvas");
  private readonly above = el("canvas", { className: "drawing", tabIndex: 0, role: "img", ariaLabel: texts.canvasLabel });
  private readonly words = el("p", { className: "words" }, texts.chooseSource);
  private readonly caption = el("p", { className: "caption" });
  private readonly pointers = new Map<number, [number, number]>();

  constructor(painting: Painting = "quickest") {
    this.painter = makePainter(this.below, painting);
    this.element = el("div", { className: "pane" }, this.above, this.caption, this.words);
    this.element.dataset.painter = this.painter.kind;
    new ResizeObserver(() => this.resize()).observe(this.element);
    this.listen();
  }

  get canvas(): HTMLCanvasElement {
    return this.above;
  }

  // The name of what is seen, where several are.
  name(text: string): void {
    if (this.caption.textContent !== text) this.caption.textContent = text;
  }

  show(frame: Frame, overlay: HTMLCanvasElement | null = null): void {
    const sizeChanged = frame.frame_rows !== this.frame?.frame_rows || frame.frame_columns !== this.frame?.frame_columns;
    [this.frame, this.overlay] = [frame, overlay];
    this.isNew = true;
    if (!this.words.hidden) this.words.hidden = true;
    if (this.automatic) this.follow(autoWindow(frame.pixels), sizeChanged);
    if (sizeChanged) this.fit();
    this.redraw();
  }

  say(text: string): void {
    this.words.textContent = text;
    this.words.hidden = false;
  }

  clear(): void {
    this.frame = this.overlay = null;
    this.ellipses = [];
    delete this.element.dataset.seq;
    this.redraw();
  }

  fit(): void {
    this.fitted = true;
    const { frame, above } = this;
    if (frame) {
      const scale = Math.min(above.width / frame.frame_columns, above.height / frame.frame_rows);
      this.place = {
        scale, x: (above.width - scale * (frame.frame_columns - 1)) / 2, y: (above.height - scale * (frame.frame_rows - 1)) / 2,
      };
    }
    this.redraw();
  }

  setWindow(low: number, high: number): void {
    this.automatic = false;
    [this.window.low, this.window.high] = [low, Math.max(high, low + 1)];
    this.redraw();
    this.onwindow();
  }

  setAutomatic(on: boolean): void {
    this.automatic = on;
    if (on && this.frame) this.follow(autoWindow(this.frame.pixels), true);
    this.redraw();
    this.onwindow();
  }

  zoom(factor: number, x = this.above.width / 2, y = this.above.height / 2): void {
    const scale = Math.min(64, Math.max(0.05, this.place.scale * factor));
    const real = scale / this.place.scale;
    this.fitted = false;
    this.place = { scale, x: x + (this.place.x - x) * real, y: y + (this.place.y - y) * real };
    this.redraw();
  }

  pan(dx: number, dy: number): void {
    this.fitted = false;
    this.place = { ...this.place, x: this.place.x + dx, y: this.place.y + dy };
    this.redraw();
  }

  redraw(): void {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.draw();
    });
  }

  // The window moves softly with the frames, so that noise does not make the picture flicker.
  private follow([low, high]: [number, number], atOnce: boolean): void {
    const share = atOnce ? 1 : 0.15;
    this.window.low += share * (low - this.window.low);
    this.window.high += share * (high - this.window.high);
    this.onwindow();
  }

  private draw(): void {
    const pen = this.above.getContext("2d") as CanvasRenderingContext2D;
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, this.above.width, this.above.height);
    const { frame, place } = this;
    if (!frame) return;
    this.painter.paint(frame, this.window, this.isNew);
    this.drawPicture(pen, frame, this.below);
    const { dataset } = this.element;
    if (this.isNew) dataset.latency = (Date.now() - 1000 * frame.captured_at).toFixed(1);
    this.isNew = false;
    if (this.overlay && !this.tool) this.drawPicture(pen, frame, this.overlay);
    let polygons = 0;
    const objects = frame.result.objects ?? [frame.result];
    if (this.outlined && !this.tool) {
      if (!this.overlay) for (const one of objects) polygons += drawOutline(pen, place, one);
      this.ellipses.forEach((one, n) => {
        if (one) drawEllipse(pen, place, one);
        if (one && objects.length > 1) drawName(pen, place, one.at, objects[n]);
      });
    }
    this.tool?.draw(pen, place);
    dataset.overlay = this.overlay ? "blended" : "outline";
    dataset.seq = String(frame.seq);
    dataset.status = frame.result.status;
    dataset.polygons = String(polygons);
    dataset.scale = String(place.scale);
  }

  // A picture with the pixels of the frame's: the middle of its first one is half a block from the corner.
  private drawPicture(pen: CanvasRenderingContext2D, frame: Frame, picture: HTMLCanvasElement): void {
    const { x, y, scale } = this.place;
    const side = frame.block * scale;
    pen.drawImage(picture, x - scale / 2, y - scale / 2, side * picture.width, side * picture.height);
  }

  private resize(): void {
    const ratio = window.devicePixelRatio || 1;
    this.above.width = Math.max(1, Math.round(this.element.clientWidth * ratio));
    this.above.height = Math.max(1, Math.round(this.element.clientHeight * ratio));
    if (this.fitted) this.fit();
    this.redraw();
  }

  private listen(): void {
    const { above } = this;
    above.addEventListener("contextmenu", (event) => event.preventDefault());
    above.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (this.tool) this.tool.wheel(Math.sign(event.deltaY));
      else this.zoom(Math.exp(-event.deltaY / 400), ...this.at(event));
    }, { passive: false });
    above.addEventListener("pointerdown", (event) => {
      above.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, this.at(event));
    });
    for (const end of ["pointerup", "pointercancel"] as const) {
      above.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    }
    above.addEventListener("pointermove", (event) => this.move(event));
    above.addEventListener("keydown", (event) => this.key(event));
  }

  private at(event: MouseEvent): [number, number] {
    const ratio = window.devicePixelRatio || 1;
    return [event.offsetX * ratio, event.offsetY * ratio];
  }

  private move(event: PointerEvent): void {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.at(event);
    const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, now);
    if (other) {
      const distance = (point: [number, number]) => Math.hypot(point[0] - other[0], point[1] - other[1]);
      const angle = (point: [number, number]) => Math.atan2(point[1] - other[1], point[0] - other[0]);
      const factor = distance(now) / Math.max(1, distance(before));
      if (this.tool) {
        this.tool.wheel(-100 * Math.log(factor));
        const turned = angle(now) - angle(before);
        this.tool.twist((Math.atan2(Math.sin(turned), Math.cos(turned)) * 180) / Math.PI);
      }
      else this.zoom(factor, ...other);
    } else if (this.tool) {
      this.tool.drag(dx / this.place.scale, dy / this.place.scale, event.shiftKey || event.buttons === 2);
    } else if (event.buttons === 2) {
      const width = this.window.high - this.window.low;
      const level = (this.window.high + this.window.low) / 2 + (dy * width) / 300;
      const wide = Math.max(2, width * Math.exp(dx / 200));
      this.setWindow(level - wide / 2, level + wide / 2);
    } else this.pan(dx, dy);
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const steps: Record<string, [number, number]> = {
      ArrowLeft: [KEY_STEP, 0], ArrowRight: [-KEY_STEP, 0], ArrowUp: [0, KEY_STEP], ArrowDown: [0, -KEY_STEP],
    };
    if (this.tool?.key(event)) this.redraw();
    else if (event.key in steps) this.pan(...steps[event.key]);
    else if (event.key === "+" || event.key === "=") this.zoom(1.25);
    else if (event.key === "-") this.zoom(0.8);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
