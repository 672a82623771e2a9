// Uploading a CT or a mesh: which part of it is the object, with three pictures of what is chosen before it is sent.
import { type CaseState, uploadCase } from "./api";
import { el, field, fillSelect, number, select } from "./dom";
import { Preview } from "./preview";
import { texts } from "./texts";
import { askForVolume, labelsOf, readVolume, type SmallVolume } from "./volume_file";

const MATERIALS = ["titanium", "cobalt-chrome", "steel", "peek", "uhmwpe", "bone"];

export class CaseForm {
  readonly element: HTMLFormElement;
  readonly preview = new Preview();
  private volume: SmallVolume | null = null;
  private uploads = 0;
  private map: SmallVolume | null = null;
  private readonly inputs = {
    name: el("input", { required: true, pattern: "[A-Za-z0-9_.\\-]+", maxLength: 64 }), file: el("input", { type: "file", required: true }),
    material: select([["", texts.noMaterial], ...MATERIALS.map((one): [string, string] => [one, one])]),
    map: el("input", { type: "file" }), label: select([["", texts.wholeVolume]]),
    low: el("input", { type: "number", step: "any" }), high: el("input", { type: "number", step: "any" }),
    box: Array.from({ length: 6 }, (_, n) => el("input", { type: "number", step: "any", placeholder: texts.boxEnds[n], ariaLabel: texts.boxEnds[n] })),
    inAir: el("input", { type: "checkbox" }), view: select(Object.entries(texts.views)),
    range: number(900, { min: "1" }),
  };
  private readonly progress = el("progress", { max: 1, hidden: true });
  private readonly abort = el("button", { type: "button", hidden: true }, texts.cancel);

  constructor(private readonly tell: (text: string) => void, private readonly changed: () => void) {
    const { inputs } = this;
    this.element = el("form", { className: "upload" },
      field(texts.file, inputs.file), field(texts.name, inputs.name), field(texts.material, inputs.material),
      field(texts.labelMap, inputs.map), field(texts.label, inputs.label),
      el("span", { className: "pair" }, field(texts.huLow, inputs.low), field(texts.huHigh, inputs.high)),
      el("span", { className: "field boxed" }, el("span", {}, texts.box), ...inputs.box), el("label", { className: "check" }, inputs.inAir, texts.inAir),
      field(texts.view, inputs.view),
      field(texts.range, inputs.range), el("button", { className: "main" }, texts.upload), this.abort, this.progress);
    inputs.file.addEventListener("change", () => void this.take());
    inputs.map.addEventListener("change", () => void this.takeMap());
    for (const one of [inputs.low, inputs.high, inputs.label, ...inputs.box]) one.addEventListener("input", () => this.look());
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.upload();
    });
    this.element.addEventListener("reset", () => {
      this.volume = this.map = null;
      this.preview.clear();
    });
  }

  private async take(): Promise<void> {
    const { inputs } = this;
    const file = inputs.file.files?.[0];
    const name = file?.name.replace(/(\.nii)?\.[^.]*$/, "").replace(/[^A-Za-z0-9_.-]+/g, "-");
    if (name && !inputs.name.value) inputs.name.value = name.toLowerCase();
    this.volume = null;
    this.look();
    this.volume = file ? await this.read(file, inputs.file) : null;
    this.look();
  }

  private async takeMap(): Promise<void> {
    const file = this.inputs.map.files?.[0];
    this.map = file ? await this.read(file, this.inputs.map) : null;
    const labels = this.map ? labelsOf(this.map) : [];
    fillSelect(this.inputs.label, labels.length ? labels.map(([value, name]) => [String(value), name]) : [["", texts.wholeVolume]]);
    if (file && !labels.length) this.tell(texts.noLabels);
    this.look();
  }

  // What the browser cannot read the service does. Null: there is nothing to show, or the field has another file by now.
  private async read(file: File, chosen: HTMLInputElement): Promise<SmallVolume | null> {
    const isThere = () => chosen.files?.[0] === file;
    const before = this.uploads;
    let found = await readVolume(file);
    if (!found && isThere()) {
      this.tell(texts.serviceReads);
      let told: string = texts.noPreview;
      found = await askForVolume(file).catch((error: Error) => {
        told = error.message;
        return null;
      });
      if (isThere() && this.uploads === before) this.tell(found ? "" : told);
    }
    return isThere() ? found : null;
  }

  private look(): void {
    if (!this.volume) return this.preview.clear();
    const { label } = this.inputs;
    this.preview.show(this.volume, { hu: this.window(), box: this.box(), label: label.value ? Number(label.value) : null, map: this.map });
  }

  private window(): [number, number] | null {
    const { low, high } = this.inputs;
    return low.value && high.value ? [Number(low.value), Number(high.value)] : null;
  }

  private box(): [number[], number[]] | null {
    const ends = this.inputs.box.map((one) => one.value);
    return ends.every(Boolean) ? [ends.slice(0, 3).map(Number), ends.slice(3).map(Number)] : null;
  }

  private options(): Record<string, unknown> {
    const { inputs } = this;
    const options: Record<string, unknown> = { name: inputs.name.value, view: inputs.view.value, range_mm: Number(inputs.range.value) };
    if (inputs.material.value) options.material = inputs.material.value;
    const [hu, box] = [this.window(), this.box()];
    if (hu) options.hu_window = hu;
    if (box) options.box_mm = [0, 1].map((end) => [0, 1, 2].map((i) => (end ? Math.max : Math.min)(box[0][i], box[1][i])));
    if (inputs.label.value) options.label = Number(inputs.label.value);
    if (inputs.inAir.checked) options.in_air = true;
    return options;
  }

  private async upload(): Promise<void> {
    const { inputs } = this;
    const file = inputs.file.files?.[0];
    if (!file) return;
    this.uploads++;
    const body = new FormData();
    body.set("options", JSON.stringify(this.options()));
    body.set("volume", file);
    const map = inputs.map.files?.[0];
    if (map) body.set("label_map", map);
    const sending = uploadCase(body, (share) => {
      this.progress.value = share;
      this.tell(texts.uploading(Math.floor(100 * share)));
    });
    this.abort.onclick = () => sending.abort();
    this.progress.hidden = this.abort.hidden = false;
    try {
      const made: CaseState = await sending.done;
      this.tell(texts.uploaded(made.case));
      this.element.reset();
    } catch (error) {
      const aborted = error instanceof DOMException && error.name === "AbortError";
      this.tell(aborted ? texts.cancelled : error instanceof Error && error.message !== "connection" ? error.message : texts.gone);
    }
    this.progress.hidden = this.abort.hidden = true;
    this.changed();
  }
}
