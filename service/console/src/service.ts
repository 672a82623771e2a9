// The service: its sessions, its load from /metrics, and the log of status changes.
import { ApiError, call, type Session } from "./api";
import { el, row, table } from "./dom";
import { histogram, parseMetrics, quantile, type Sample, total } from "./metrics";
import type { StatusLog } from "./status_log";
import { texts } from "./texts";

const AGE = "fluoropose_frame_age_seconds";

export class Service {
  readonly element = el("main", { className: "page" });
  private readonly sessions = el("tbody");
  private readonly load = el("dl", { className: "load" });
  private readonly bars = el("div", { className: "bars" });
  private readonly stages = el("tbody");
  private readonly told = el("p", { className: "note", role: "status" });

  constructor(log: StatusLog, private readonly watch: (session: string) => void) {
    const part = (title: string, ...inside: Node[]) => el("section", {}, el("h2", {}, title), ...inside);
    this.element.append(
      part(texts.sessions, table(texts.sessionColumns, this.sessions)),
      el("div", { className: "two" }, part(texts.load, this.told, this.load), part(texts.ages, this.bars)),
      part(texts.stageTimes, table(texts.stageColumns, this.stages)),
      part(texts.log, log.element),
    );
  }

  update(sessions: Session[]): void {
    const focused = (document.activeElement as HTMLElement | null)?.dataset.session;
    this.sessions.replaceChildren(...sessions.map((one) => this.row(one)));
    if (focused) this.sessions.querySelector<HTMLElement>(`[data-session="${CSS.escape(focused)}"]`)?.focus();
  }

  async refresh(): Promise<void> {
    try {
      this.show(parseMetrics(await (await call("GET", "metrics")).text()));
      this.told.textContent = "";
    } catch (error) {
      this.told.textContent = error instanceof ApiError && error.problem.status === 403 ? texts.metricsRefused : texts.gone;
    }
  }

  private show(samples: Sample[]): void {
    const ages = histogram(samples, AGE);
    const values: Record<string, string> = {
      sessions: String(total(samples, "fluoropose_sessions_active")), streams: String(total(samples, "fluoropose_streams_active")),
      pending: String(total(samples, "fluoropose_pending_frames")), resident: String(total(samples, "fluoropose_cases_resident")),
      received: String(total(samples, "fluoropose_frames_received_total")), completed: String(total(samples, "fluoropose_frames_completed_total")),
      dropped: String(total(samples, "fluoropose_frames_dropped_total")), lost: String(total(samples, "fluoropose_tracking_lost_total")),
      ageP50: milliseconds(ages, 0.5), ageP99: milliseconds(ages, 0.99),
    };
    this.load.replaceChildren(...Object.entries(values).flatMap(([name, value]) => [el("dt", {}, texts.loadNames[name]), el("dd", {}, value)]));
    this.stages.replaceChildren(...Object.entries(texts.stageMetrics).map(([name, text]) => {
      const bins = histogram(samples, `fluoropose_${name}_seconds`);
      const count = bins.reduce((sum, [, one]) => sum + one, 0);
      return row(text, String(count), milliseconds(bins, 0.5), milliseconds(bins, 0.99), spark(bins));
    }));
    const most = Math.max(1, ...ages.map(([, count]) => count));
    this.bars.replaceChildren(...ages.map(([edge, count]) => el("div", {},
      el("span", {}, edge === Infinity ? "∞" : `${(1000 * edge).toFixed(0)} ms`), el("progress", { max: most, value: count }), el("span", {}, String(count)))));
  }

  private row(one: Session): HTMLTableRowElement {
    const button = el("button", { type: "button", onclick: () => this.watch(one.session) }, texts.watch);
    button.dataset.session = one.session;
    const last = one.last_status;
    const dropped = Object.values(one.dropped).reduce((sum, count) => sum + count, 0);
    return row(
      one.session.slice(0, 6), one.objects.map((object) => object.case).join(", "), one.state,
      last ? `${texts.symbols[last]} ${texts.status[last]}` : "–", String(one.counters.received), String(one.counters.answered), String(dropped), button,
    );
  }
}

// Between which edges a share of the counts lies below.
function milliseconds(bins: [number, number][], share: number): string {
  const edge = quantile(bins, share);
  if (edge === null) return "–";
  const most = Math.max(...bins.map(([one]) => one).filter(Number.isFinite));
  const told = (seconds: number) => (1000 * seconds).toFixed(seconds < 0.01 ? 1 : 0);
  return edge === Infinity ? `> ${told(most)} ms` : `≤ ${told(edge)} ms`;
}

// A histogram as a row of bars, each as high as its share of the highest.
function spark(bins: [number, number][]): HTMLElement {
  const canvas = el("canvas", { className: "spark", width: 8 * Math.max(1, bins.length), height: 22, role: "presentation" });
  const pen = canvas.getContext("2d") as CanvasRenderingContext2D;
  pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--trace");
  const most = Math.max(1, ...bins.map(([, count]) => count));
  bins.forEach(([, count], n) => pen.fillRect(8 * n, 22 - (20 * count) / most - 1, 6, (20 * count) / most + 1));
  return canvas;
}
