// Where frames come from if this page sends them: the simulated run, or files that are dropped or opened.
import type { Camera, CaseState } from "./api";
import { el, field, fillSelect, number, select } from "./dom";
import { droppedFiles, type FileFrames, framesOf } from "./files";
import { simulatedRun } from "./simulation";
import { texts } from "./texts";
import { type FrameSource, Writer } from "./writer";

// `note` is for the log too, `say` for what passes.
export interface SourceEvents { watch: (session: string) => void; note: (text: string) => void; say: (text: string) => void }

export class Sources {
  writer: Writer | null = null;
  readonly element = el("div", { className: "sources" });
  readonly form = el("form", { className: "files", hidden: true });
  private cases: CaseState[] = [];
  private files: FileFrames | null = null;
  private runs = 0;
  private readonly chosen = select([], { ariaLabel: texts.case });
  private readonly leaves = el("input", { type: "checkbox", checked: true });
  private readonly pair = el("input", { type: "checkbox" });
  private readonly fps = number(15, { min: "1", max: "60", step: "1", ariaLabel: texts.framesPerSecond });
  private readonly begin = el("button", { type: "button", className: "main", onclick: () => void this.toggle() }, texts.start);
  private readonly progress = el("progress", { hidden: true, max: 1 });
  private readonly picker = el("input", { type: "file", multiple: true, hidden: true, onchange: () => this.take(Array.from(this.picker.files ?? [])) });
  private readonly inputs = {
    rows: number(512, { min: "2", max: "4096", step: "1" }), columns: number(512, { min: "2", max: "4096", step: "1" }),
    spacing: number(0.35, { min: "0.001" }), distance: number(1200, { min: "1" }),
    u: el("input", { type: "number", step: "any", placeholder: texts.centre }), v: el("input", { type: "number", step: "any", placeholder: texts.centre }),
    meaning: select(Object.entries(texts.meanings)), inverted: el("input", { type: "checkbox" }),
  };
  private readonly what = el("p", {});
  private camera: Camera | null = null;

  constructor(private readonly events: SourceEvents) {
    this.fps.addEventListener("change", () => this.pace());
    this.element.append(
      el("span", { className: "label" }, texts.simulated), this.chosen, this.begin,
      el("label", { className: "check" }, this.leaves, texts.loses), el("label", { className: "check" }, this.pair, texts.twoCameras), field(texts.framesPerSecond, this.fps),
      el("button", { type: "button", onclick: () => this.picker.click() }, texts.openFrames), this.picker, this.progress,
    );
    const { inputs } = this;
    this.form.append(
      this.what, field(texts.rows, inputs.rows), field(texts.columnsOfFrame, inputs.columns), field(texts.spacing, inputs.spacing),
      field(texts.distance, inputs.distance), field(texts.principal, el("span", { className: "pair" }, inputs.u, inputs.v)),
      field(texts.meaning, inputs.meaning), el("label", { className: "check" }, inputs.inverted, texts.inverted),
      el("button", { className: "main" }, texts.send), el("button", { type: "button", onclick: () => (this.form.hidden = true) }, texts.cancel),
    );
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
  }

  // A camera in place of the form's fields, for frames of its size.
  useCamera(camera: Camera): void {
    this.camera = camera;
    this.events.say(texts.cameraTaken);
    this.showForm();
  }

  update(cases: CaseState[]): void {
    this.cases = cases.filter((one) => one.state === "ready");
    fillSelect(this.chosen, this.cases.map((one) => [one.case, one.case]));
    this.begin.disabled = !this.writer && !this.cases.some((one) => one.volume);
    this.begin.title = this.cases.length ? "" : texts.noReadyCase;
  }

  acceptDrops(place: HTMLElement): void {
    for (const kind of ["dragover", "drop"] as const) {
      place.addEventListener(kind, (event) => {
        event.preventDefault();
        if (kind === "drop" && event.dataTransfer) void droppedFiles(event.dataTransfer).then((files) => this.take(files));
      });
    }
  }

  stop(): void {
    this.runs++;
    this.writer?.stop();
    this.writer = null;
    this.progress.hidden = true;
    this.begin.textContent = texts.start;
  }

  private note(text: string): void {
    this.events.note(text);
  }

  private async toggle(): Promise<void> {
    if (this.writer || !this.progress.hidden) return this.stop();
    const found = this.cases.find((one) => one.case === this.chosen.value);
    if (!found?.volume) return this.note(texts.noReadyCase);
    const run = ++this.runs;
    this.begin.textContent = texts.stop;
    this.progress.hidden = false;
    try {
      const source = await simulatedRun(found, this.pair.checked, () => this.leaves.checked, (done, all) => {
        this.progress.value = done / all;
        this.events.say(texts.rendering(done, all));
      }, () => run !== this.runs);
      if (source && run === this.runs) this.write(source);
    } catch (error) {
      if (run === this.runs) this.stop();
      this.note(error instanceof Error ? error.message : texts.gone);
    }
    if (run === this.runs) this.progress.hidden = true;
  }

  private take(files: File[]): void {
    framesOf(files).then((found) => {
      this.files = found;
      this.what.textContent = texts.framesChosen(found.frames.length, found.what);
      for (const name of ["rows", "columns"] as const) {
        const known = found[name];
        if (known !== null) this.inputs[name].value = String(known);
        this.inputs[name].readOnly = known !== null;
      }
      if (found.display) this.inputs.meaning.value = "display";
      this.form.hidden = false;
      this.showForm();
      this.inputs.spacing.focus();
    }, (error: Error) => this.note(error.message));
    this.picker.value = "";
  }

  private showForm(): void {
    const { rows, columns, spacing, distance, u, v } = this.inputs;
    for (const one of [spacing, distance, u, v]) one.disabled = this.camera !== null;
    if (!this.camera) return;
    [rows.value, columns.value] = [String(this.camera.rows), String(this.camera.columns)];
    if (this.files) this.what.textContent = `${texts.framesChosen(this.files.frames.length, this.files.what)}. ${texts.cameraTaken}`;
  }

  private send(): void {
    const { files, inputs } = this;
    if (!files || !this.chosen.value) return this.note(texts.noReadyCase);
    const spacing = Number(inputs.spacing.value);
    const centre = inputs.u.value && inputs.v.value ? { principal_point_px: [Number(inputs.u.value), Number(inputs.v.value)] } : {};
    const camera: Camera = this.camera ?? {
      rows: Number(inputs.rows.value), columns: Number(inputs.columns.value), row_spacing_mm: spacing, column_spacing_mm: spacing,
      source_to_detector_mm: Number(inputs.distance.value), ...centre,
    };
    this.form.hidden = true;
    this.stop();
    this.write({
      case: this.chosen.value, cameras: { camera }, places: {}, pixelMeaning: inputs.meaning.value, inverted: inputs.inverted.checked,
      frames: async (n) => {
        const one = files.frames[n];
        return one ? [{ meta: one.meta, body: await one.read() }] : null;
      },
    });
  }

  private write(source: FrameSource): void {
    this.begin.textContent = texts.stop;
    this.writer = new Writer(source, {
      opened: (session) => this.events.watch(session),
      note: (text) => this.note(text),
      ended: (text) => {
        this.stop();
        this.note(text);
      },
    });
    this.pace();
  }

  private pace(): void {
    if (this.writer) this.writer.fps = Math.min(60, Math.max(1, Number(this.fps.value) || 15));
  }
}
