// The cases: what there is, uploading with progress, cancelling, deleting.
import { call, type CaseState, uploadCase } from "./api";
import { el, field, number, row, select, table } from "./dom";
import { texts } from "./texts";

const MATERIALS = ["titanium", "cobalt-chrome", "steel", "peek", "uhmwpe", "bone"];

export class Cases {
  readonly element = el("main", { className: "page" });
  private readonly body = el("tbody");
  private readonly empty = el("p", {}, texts.noCases);
  private readonly told = el("p", { className: "note", role: "status" });
  private shown = "";
  private readonly inputs = {
    name: el("input", { required: true, pattern: "[A-Za-z0-9_.\\-]+", maxLength: 64 }), file: el("input", { type: "file", required: true }),
    material: select([["", texts.noMaterial], ...MATERIALS.map((one): [string, string] => [one, one])]),
    low: el("input", { type: "number", step: "any" }), high: el("input", { type: "number", step: "any" }),
    inAir: el("input", { type: "checkbox" }), view: select(Object.entries(texts.views)),
    range: number(900, { min: "1" }),
  };
  private readonly progress = el("progress", { max: 1, hidden: true });
  private readonly abort = el("button", { type: "button", hidden: true }, texts.cancel);

  constructor(private readonly changed: () => void) {
    const { inputs } = this;
    inputs.file.addEventListener("change", () => {
      const name = inputs.file.files?.[0]?.name.replace(/(\.nii)?\.[^.]*$/, "").replace(/[^A-Za-z0-9_.-]+/g, "-");
      if (name && !inputs.name.value) inputs.name.value = name.toLowerCase();
    });
    const form = el("form", { className: "upload" },
      field(texts.file, inputs.file), field(texts.name, inputs.name), field(texts.material, inputs.material),
      el("span", { className: "pair" }, field(texts.huLow, inputs.low), field(texts.huHigh, inputs.high)), el("label", { className: "check" }, inputs.inAir, texts.inAir),
      field(texts.view, inputs.view),
      field(texts.range, inputs.range), el("button", { className: "main" }, texts.upload), this.abort, this.progress);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.upload(form);
    });
    this.element.append(form, this.told, this.empty, table(texts.columns, this.body));
  }

  update(cases: CaseState[]): void {
    this.empty.hidden = cases.length > 0;
    const now = JSON.stringify(cases);
    if (now === this.shown) return;
    this.shown = now;
    const focused = (document.activeElement as HTMLElement | null)?.dataset.case;
    this.body.replaceChildren(...cases.map((one) => this.row(one)));
    if (focused) this.body.querySelector<HTMLElement>(`[data-case="${CSS.escape(focused)}"]`)?.focus();
  }

  private row(one: CaseState): HTMLTableRowElement {
    const busy = one.state === "preparing";
    const names: Record<string, string> = { preparing: texts.preparing, ready: texts.ready, failed: texts.failed, cancelled: texts.cancelled };
    const state = el("span", {}, names[one.state]);
    if (busy) state.append(" ", one.step, " ", el("progress", { max: 1, value: one.progress }));
    const tried = one.verification;
    const figures = tried ? [texts.found(tried.found, tried.frames)] : [];
    if (tried && tried.mtre_proj_mm !== null) figures.push(`${tried.mtre_proj_mm.toFixed(2)} mm ${texts.inPlane}, ${(tried.depth_mm ?? 0).toFixed(1)} mm ${texts.depth}`);
    const remove = el("button", { type: "button", onclick: () => void this.remove(one) }, busy ? texts.cancelCase : texts.deleteCase);
    remove.dataset.case = one.case;
    const made = row(one.case, state, one.volume ? `${one.volume.size_mm.toFixed(0)} mm` : "", figures.join(": "), one.detail, remove);
    made.dataset.state = one.state;
    return made;
  }

  private async remove(one: CaseState): Promise<void> {
    if (one.state !== "preparing" && !window.confirm(texts.confirmDelete(one.case))) return;
    try {
      await call("DELETE", `v1/cases/${encodeURIComponent(one.case)}`);
      this.told.textContent = "";
    } catch (error) {
      this.told.textContent = error instanceof Error ? error.message : texts.gone;
    }
    this.changed();
  }

  private async upload(form: HTMLFormElement): Promise<void> {
    const { inputs } = this;
    const file = inputs.file.files?.[0];
    if (!file) return;
    const options: Record<string, unknown> = { name: inputs.name.value, view: inputs.view.value, range_mm: Number(inputs.range.value) };
    if (inputs.material.value) options.material = inputs.material.value;
    if (inputs.low.value && inputs.high.value) options.hu_window = [Number(inputs.low.value), Number(inputs.high.value)];
    if (inputs.inAir.checked) options.in_air = true;
    const body = new FormData();
    body.set("options", JSON.stringify(options));
    body.set("volume", file);
    const sending = uploadCase(body, (share) => {
      this.progress.value = share;
      this.told.textContent = texts.uploading(Math.floor(100 * share));
    });
    this.abort.onclick = () => sending.abort();
    this.progress.hidden = this.abort.hidden = false;
    try {
      await sending.done;
      this.told.textContent = texts.uploaded;
      form.reset();
    } catch (error) {
      const aborted = error instanceof DOMException && error.name === "AbortError";
      this.told.textContent = aborted ? texts.cancelled : error instanceof Error && error.message !== "connection" ? error.message : texts.gone;
    }
    this.progress.hidden = this.abort.hidden = true;
    this.changed();
  }
}
