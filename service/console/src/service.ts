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
  private readonly told = el("p", { className: "note", role: "status" });

  constructor(log: StatusLog, private readonly watch: (session: string) => void) {
    const part = (title: string, ...inside: Node[]) => el("section", {}, el("h2", {}, title), ...inside);
    this.element.append(
      part(texts.sessions, table(texts.sessionColumns, this.sessions)),
      el("div", { className: "two" }, part(texts.load, this.told, this.load), part(texts.ages, this.bars)),
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
    const milliseconds = (share: number) => {
      const edge = quantile(ages, share);
      if (edge === null) return "–";
      const most = Math.max(...ages.map(([one]) => one).filter(Number.isFinite));
      return edge === Infinity ? `> ${(1000 * most).toFixed(0)} ms` : `≤ ${(1000 * edge).toFixed(0)} ms`;
    };
    const values: Record<string, string> = {
      sessions: String(total(samples, "fluoropose_sessions_active")), streams: String(total(samples, "fluoropose_streams_active")),
      pending: String(total(samples, "fluoropose_pending_frames")), resident: String(total(samples, "fluoropose_cases_resident")),
      received: String(total(samples, "fluoropose_frames_received_total")), completed: String(total(samples, "fluoropose_frames_completed_total")),
      dropped: String(total(samples, "fluoropose_frames_dropped_total")), lost: String(total(samples, "fluoropose_tracking_lost_total")),
      ageP50: milliseconds(0.5), ageP99: milliseconds(0.99),
    };
    this.load.replaceChildren(...Object.entries(values).flatMap(([name, value]) => [el("dt", {}, texts.loadNames[name]), el("dd", {}, value)]));
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
