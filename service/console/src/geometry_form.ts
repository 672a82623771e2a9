// A camera in any convention: what the service understands of it, what looks wrong, and the same in another convention.
import { call, type Camera, type Matrix } from "./api";
import { CONVENTIONS, type Field, type Stroke } from "./conventions";
import { el, field, select } from "./dom";
import { texts } from "./texts";

interface Finding { code: string; severity: "error" | "warning" | "note"; text: string; certainty: number }
interface Conversion { geometry: unknown; camera: Camera; losses: string[]; notes: string[]; first_guess: boolean; findings: Finding[] }

const AFTER_MS = 400;
const UNITS = 3;

export class GeometryForm {
  readonly element = el("main", { className: "page" });
  // Takes a camera for frames of this page; poses are then those in the camera's own frame.
  onuse: (camera: Camera) => void = () => {};
  private inputs: { one: Field; input: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement }[] = [];
  private timer = 0;
  private asked = 0;
  private camera: Camera | null = null;
  private readonly kind = select(Object.keys(CONVENTIONS).map((name): [string, string] => [name, texts.conventions[name]]), { onchange: () => this.choose() });
  private readonly to = select(Object.keys(CONVENTIONS).map((name): [string, string] => [name, texts.conventions[name]]), { onchange: () => void this.ask() });
  private readonly fields = el("div", { className: "geometry-fields" });
  private readonly picture = el("canvas", { className: "convention", width: 100 * UNITS, height: 76 * UNITS, role: "img" });
  private readonly told = el("p", { className: "note", role: "status" });
  private readonly findings = el("ul", { className: "findings" });
  private readonly result = el("pre", { className: "result", tabIndex: 0, ariaLabel: texts.converted });
  private readonly use = el("button", { type: "button", className: "main", disabled: true, onclick: () => this.camera && this.onuse(this.camera) }, texts.useCamera);

  constructor() {
    this.to.value = "intrinsic";
    const form = el("form", {}, field(texts.convention, this.kind), this.picture, this.fields);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => this.later());
    this.element.append(el("div", { className: "two geometry" },
      el("section", {}, el("h2", {}, texts.cameraAs), form),
      el("section", {}, el("h2", {}, texts.findings), this.told, this.findings, el("h2", {}, texts.converted), field(texts.convertTo, this.to), this.result, this.use)));
    this.choose();
  }

  private choose(): void {
    const { fields, picture } = CONVENTIONS[this.kind.value];
    this.inputs = fields.map((one) => ({ one, input: inputOf(one) }));
    this.fields.replaceChildren(...this.inputs.map(({ one, input }) => field(one.name, input)));
    this.picture.ariaLabel = texts.pictureOf(texts.conventions[this.kind.value]);
    drawStrokes(this.picture, picture);
    this.later();
  }

  private later(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.ask(), AFTER_MS);
  }

  private async ask(): Promise<void> {
    if (this.element.hidden) return;
    const asked = ++this.asked;
    try {
      const given = { kind: this.kind.value, ...valuesOf(this.inputs) };
      const answer = await call("POST", "v1/geometry/convert", { from: given, to: this.to.value });
      if (asked === this.asked) this.show(await answer.json());
    } catch (error) {
      if (asked === this.asked) this.refuse(error instanceof Error ? error.message : texts.gone);
    }
  }

  private show(done: Conversion): void {
    const { camera_from_world: _place, ...camera } = done.camera;
    this.camera = camera as Camera;
    this.use.disabled = false;
    this.told.textContent = [...done.notes, ...done.losses.map(texts.lost), ...(done.first_guess ? [texts.firstGuess] : [])].join(" · ");
    this.findings.replaceChildren(...(done.findings.length ? done.findings.map(itemOf) : [el("li", { className: "fine" }, texts.noFindings)]));
    this.result.textContent = JSON.stringify(done.geometry, null, 1).replace(/\[\s+([^[\]{}]*?)\s+\]/g, (_, inside: string) => `[${inside.replace(/\s+/g, " ")}]`);
  }

  private refuse(text: string): void {
    this.camera = null;
    this.use.disabled = true;
    this.told.textContent = this.result.textContent = "";
    this.findings.replaceChildren(itemOf({ code: "", severity: "error", text, certainty: 1 }));
  }
}

function itemOf(one: Finding): HTMLLIElement {
  const made = el("li", {}, `${texts.severities[one.severity]} `, one.text);
  made.dataset.severity = one.severity;
  made.dataset.code = one.code;
  return made;
}

function inputOf(one: Field): HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement {
  if (Array.isArray(one.kind)) return select(one.kind.map((name): [string, string] => [name, name]));
  if (one.kind === "flag") return el("input", { type: "checkbox" });
  const placeholder = one.optional ? texts.optional : "";
  if (one.kind === "number") return el("input", { type: "number", step: "any", defaultValue: one.value ?? "", placeholder });
  if (one.kind === "pair") return el("input", { type: "text", defaultValue: one.value ?? "", placeholder });
  return el("textarea", { rows: 4, cols: 30, defaultValue: one.value ?? "", placeholder, spellcheck: false });
}

function valuesOf(inputs: { one: Field; input: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement }[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { one, input } of inputs) {
    if (one.kind === "flag") values[one.name] = (input as HTMLInputElement).checked;
    else if (input.value.trim()) values[one.name] = valueOf(one, input.value);
  }
  return values;
}

function valueOf(one: Field, text: string): unknown {
  if (one.kind === "number") return Number(text);
  if (one.kind === "json") return JSON.parse(text);
  if (one.kind !== "pair" && one.kind !== "matrix") return text;
  const numbers = (text.match(/[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?/gi) ?? []).map(Number);
  const columns = one.columns ?? numbers.length;
  if (one.kind === "pair" || numbers.length <= columns) return numbers;
  return Array.from({ length: Math.ceil(numbers.length / columns) }, (_, n) => numbers.slice(columns * n, columns * (n + 1))) as Matrix;
}

export function drawStrokes(canvas: HTMLCanvasElement, strokes: Stroke[]): void {
  const pen = canvas.getContext("2d") as CanvasRenderingContext2D;
  pen.setTransform(UNITS, 0, 0, UNITS, 0, 0);
  pen.fillStyle = "#14171a";
  pen.fillRect(0, 0, 100, 76);
  pen.font = "6px sans-serif";
  for (const one of strokes) {
    pen.lineWidth = 1;
    pen.strokeStyle = pen.fillStyle = "#e8ecef";
    pen.beginPath();
    if ("word" in one) pen.fillText(one.word, ...one.at);
    else if ("box" in one) pen.rect(...one.box);
    else if ("dot" in one) {
      pen.fillStyle = "#f0e442";
      pen.arc(...one.dot, 1.8, 0, 2 * Math.PI);
      pen.fill();
      continue;
    } else if ("arc" in one) pen.arc(...one.arc);
    else strokeLine(pen, one.line, !!one.arrow, !!one.faint);
    pen.stroke();
  }
}

function strokeLine(pen: CanvasRenderingContext2D, [x, y, toX, toY]: number[], arrow: boolean, faint: boolean): void {
  if (faint) pen.strokeStyle = "#5a6670";
  if (arrow) pen.strokeStyle = "#56b4e9";
  pen.moveTo(x, y);
  pen.lineTo(toX, toY);
  if (!arrow) return;
  const angle = Math.atan2(toY - y, toX - x);
  for (const side of [-0.5, 0.5]) {
    pen.moveTo(toX, toY);
    pen.lineTo(toX - 4 * Math.cos(angle + side), toY - 4 * Math.sin(angle + side));
  }
}
