// Remembers when a session's status changed.
import { el, row, table } from "./dom";
import type { Found } from "./api";
import { statusWords } from "./status_card";
import { texts } from "./texts";

const MOST = 200;

export class StatusLog {
  readonly element = el("section", { className: "log" });
  private readonly body = el("tbody");
  private readonly empty = el("p", {}, texts.noLog);
  private readonly last = new Map<string, string>();

  constructor() {
    this.element.append(this.empty, table(texts.logColumns, this.body));
  }

  note(session: string, seq: number, one: Found): void {
    const name = `${session}/${one.case}`;
    const now = `${one.status} ${one.reason ?? ""}`;
    if (this.last.get(name) === now) return;
    this.last.set(name, now);
    this.add(session, seq, `${one.case}: ${statusWords(one)}`, one.reason_text ?? "", one.status);
  }

  say(session: string, text: string): void {
    if (this.body.rows[0]?.cells[3].textContent === text) return;
    this.add(session, null, text, "", "");
  }

  private add(session: string, seq: number | null, text: string, reason: string, status: string): void {
    this.empty.hidden = true;
    const made = row(new Date().toLocaleTimeString(), session.slice(0, 6), seq === null ? "" : String(seq), text, reason);
    made.dataset.status = status;
    this.body.prepend(made);
    while (this.body.rows.length > MOST) this.body.deleteRow(-1);
  }
}
