// The cases: what there is, what trying them on themselves gave, cancelling, deleting.
import { call, type CaseState, type Verification } from "./api";
import { CaseForm } from "./case_form";
import { el, row, table } from "./dom";
import { texts } from "./texts";

export class Cases {
  readonly element = el("main", { className: "page" });
  private readonly body = el("tbody");
  private readonly empty = el("p", {}, texts.noCases);
  private readonly told = el("p", { className: "note", role: "status" });
  private shown = "";

  constructor(private readonly changed: () => void) {
    const form = new CaseForm((text) => (this.told.textContent = text), changed);
    this.element.append(form.element, form.preview.element, this.told, this.empty, table(texts.columns, this.body));
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
    const remove = el("button", { type: "button", onclick: () => void this.remove(one) }, busy ? texts.cancelCase : texts.deleteCase);
    remove.dataset.case = one.case;
    const made = row(one.case, state, one.volume ? `${one.volume.size_mm.toFixed(0)} mm` : "", one.verification ? figuresOf(one.verification) : "", one.detail, remove);
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
}

function figuresOf(tried: Verification): string {
  const figures = [texts.found(tried.found, tried.frames)];
  if (tried.mtre_proj_mm !== null) figures.push(`${tried.mtre_proj_mm.toFixed(2)} mm ${texts.inPlane}`, `${(tried.depth_mm ?? 0).toFixed(1)} mm ${texts.depth}`);
  for (const one of tried.look_alikes ?? []) figures.push(texts.lookAlike(one.angle_deg, one.axis));
  return figures.join(" · ");
}
