// What is told of the newest result: status, reason, confidence, stated errors.
import type { Found, Result } from "./api";
import { el } from "./dom";
import type { Frame } from "./frames";
import { texts } from "./texts";

export class StatusCard {
  readonly element = el("section", { className: "card" });
  private readonly status = el("p", { className: "status", role: "status", ariaLive: "polite" });
  private readonly reason = el("p", { className: "reason" });
  private readonly facts = el("dl", { className: "facts" });
  private readonly others = el("p", { className: "others" });

  constructor() {
    this.element.append(this.status, this.reason, this.facts, this.others);
    this.clear();
  }

  clear(): void {
    this.element.dataset.status = "";
    this.status.textContent = texts.noResult;
    this.reason.textContent = "";
    this.others.textContent = "";
    this.facts.replaceChildren();
  }

  show(frame: Frame, dropped: number): void {
    const result = frame.result;
    const words = statusWords(result);
    if (this.status.textContent !== words) this.status.textContent = words;
    this.element.dataset.status = result.status;
    setText(this.reason, result.reason_text ?? "");
    const error = result.error_estimate;
    this.tell([
      [texts.confidence, result.confidence.toFixed(2)],
      [texts.statedErrors, result.status === "LOST" ? texts.noPose
        : `${error.in_plane_mm.toFixed(2)} mm ${texts.inPlane} · ${error.depth_mm.toFixed(1)} mm ${texts.depth} · ${error.rotation_deg.toFixed(2)}° ${texts.rotation}`],
      [texts.frame, `${result.seq} · ${result.age_ms.toFixed(0)} ms ${texts.age} · ${(result.timing_ms.total ?? 0).toFixed(1)} ms ${texts.work} · ${dropped} ${texts.dropped}`],
    ]);
    setText(this.others, (result.objects ?? []).slice(1).map((one) => `${one.case}: ${statusWords(one)}`).join(" · "));
  }

  private tell(facts: [string, string][]): void {
    if (this.facts.children.length !== 2 * facts.length) {
      this.facts.replaceChildren(...facts.flatMap(([name]) => [el("dt", {}, name), el("dd")]));
    }
    facts.forEach(([, value], n) => setText(this.facts.children[2 * n + 1], value));
  }
}

// The page is laid out anew only where a text changes.
function setText(place: Element, text: string): void {
  if (place.textContent !== text) place.textContent = text;
}

export function statusWords(one: Found | Result): string {
  return `${texts.symbols[one.status]} ${texts.status[one.status]}`;
}
