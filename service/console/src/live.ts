// The live view: one session as an observer sees it, whoever writes it.
import type { CaseState, Session } from "./api";
import { el, field, fillSelect, select } from "./dom";
import type { Frame } from "./frames";
import { Pane } from "./pane";
import { centreInPixels, sixFromPose } from "./pose";
import { Sources } from "./sources";
import { StartTool } from "./start_tool";
import { StatusCard } from "./status_card";
import type { StatusLog } from "./status_log";
import { Strips } from "./strips";
import { texts } from "./texts";
import { Watcher } from "./watcher";

export class Live {
  readonly element = el("main", { className: "live" });
  readonly sources: Sources;
  private readonly pane: Pane;
  private readonly card = new StatusCard();
  private readonly strips: Strips;
  private readonly chosen = select([["", texts.noSession]], { onchange: () => this.watch(this.chosen.value) });
  private readonly buttons: Record<string, HTMLButtonElement>;
  private readonly level = el("input", { type: "range", min: "0", max: "65535", ariaLabel: texts.level });
  private readonly width = el("input", { type: "range", min: "1", max: "65535", ariaLabel: texts.width });
  private readonly help = el("p", { className: "note", hidden: true }, texts.startHelp);
  private watcher: Watcher | null = null;
  private cases: CaseState[] = [];
  private last: Frame | null = null;
  private dropped = 0;
  private tool: StartTool | null = null;
  private gone = false;

  constructor(private readonly log: StatusLog, flat: boolean) {
    this.pane = new Pane(flat);
    this.strips = new Strips([...texts.six.map((name, n): [string, string] => [name, texts.sixUnits[n]]), [texts.age, texts.ageUnit]]);
    this.sources = new Sources({
      watch: (session) => this.watch(session), note: (text) => this.note(text), say: (text) => this.pane.say(text),
    });
    const button = (text: string, pressed: () => void) => el("button", { type: "button", onclick: pressed }, text);
    this.buttons = {
      a: button(texts.auto, () => this.pane.setAutomatic(!this.pane.automatic)),
      i: button(texts.invert, () => this.invert()),
      "0": button(texts.fit, () => this.pane.fit()),
      o: button(texts.outline, () => this.toggleOutline()),
      s: button(texts.setStart, () => this.toggleTool()),
      Enter: button(texts.applyStart, () => this.applyStart()),
      r: button(texts.searchAgain, () => this.sources.writer?.restart(null)),
    };
    this.pane.onwindow = () => this.showWindow();
    for (const slider of [this.level, this.width]) {
      slider.addEventListener("input", () => {
        const [level, half] = [Number(this.level.value), Number(this.width.value) / 2];
        this.pane.setWindow(level - half, level + half);
      });
    }
    const order = ["a", "i", "o", "0", "s", "Enter", "r"].map((name) => this.buttons[name]);
    const tools = el("div", { className: "tools" }, ...order);
    this.element.append(
      el("div", { className: "left" },
        el("div", { className: "bar" }, field(texts.session, this.chosen), field(texts.level, this.level), field(texts.width, this.width), this.sources.element), this.sources.form,
        this.pane.element, tools, this.help),
      el("div", { className: "right" }, this.card.element, this.strips.element),
    );
    this.sources.acceptDrops(this.element);
    if (flat || this.pane.painter.kind === "2d") this.element.querySelector(".left")?.append(el("p", { className: "note" }, texts.flat));
    this.showWindow();
  }

  watch(session: string): void {
    this.watcher?.close();
    this.watcher = null;
    this.endTool();
    [this.last, this.dropped] = [null, 0];
    this.card.clear();
    this.strips.clear();
    this.pane.clear();
    this.pane.say(session ? texts.waiting : texts.chooseSource);
    if (!session) return;
    if (!Array.from(this.chosen.options).some((one) => one.value === session)) this.chosen.add(new Option(session.slice(0, 6), session));
    this.chosen.value = session;
    this.watcher = new Watcher(session, {
      frame: (frame) => this.receive(session, frame),
      note: (text) => this.pane.say(text),
      ended: (text) => {
        this.log.say(session, text);
        this.card.clear();
        this.pane.say(text);
      },
    }, { fps: "30", max_side: "768", include: "outline" });
  }

  // Takes what the service has; watches the first session there is while none was chosen.
  update(sessions: Session[], cases: CaseState[]): void {
    this.cases = cases;
    this.sources.update(cases);
    const options = sessions.map((one): [string, string] => [one.session, `${one.objects.map((o) => o.case).join(", ")} · ${one.session.slice(0, 6)}`]);
    fillSelect(this.chosen, options.length ? options : [["", texts.noSession]]);
    const followed = this.watcher?.session;
    if (followed && sessions.some((one) => one.session === followed)) this.chosen.value = followed;
    else if (!this.watcher && options.length) this.watch(options[0][0]);
    this.buttons.s.disabled = this.buttons.r.disabled = !this.owned;
  }

  // Old numbers must not pass for new ones.
  setGone(gone: boolean): void {
    if (gone && !this.gone) this.card.clear();
    if (!gone && this.gone) this.pane.say(this.watcher ? texts.waiting : texts.chooseSource);
    this.gone = gone;
    this.element.classList.toggle("stale", gone);
    if (gone) this.pane.say(texts.gone);
  }

  key(event: KeyboardEvent): boolean {
    const button = this.buttons[event.key];
    if (event.key === "Escape" && this.tool) this.endTool();
    else if (!button || button.disabled || button.hidden) return false;
    else button.click();
    return true;
  }

  private get owned(): boolean {
    return !!this.watcher && this.sources.writer?.session === this.watcher.session;
  }

  private receive(session: string, frame: Frame): void {
    const { result } = frame;
    this.last = frame;
    this.dropped += result.dropped_since_last;
    const volume = this.cases.find((one) => one.case === result.case)?.volume;
    const pose = result.status === "LOST" ? null : result.camera_from_volume;
    const six = pose && volume ? sixFromPose(pose, volume) : texts.six.map(() => null);
    this.pane.ellipse = null;
    if (pose && volume && six[2]) {
      const k = frame.camera.intrinsic_matrix as number[][];
      const error = result.error_estimate.in_plane_mm / six[2];
      this.pane.ellipse = { at: centreInPixels(pose, volume, frame.camera), radii: [k[0][0] * error, k[1][1] * error] };
    }
    this.pane.show(frame);
    this.card.show(frame, this.dropped);
    this.strips.add(performance.now() / 1000, [...six, result.age_ms]);
    for (const one of result.objects ?? [result]) this.log.note(session, result.seq, one);
  }

  private note(text: string): void {
    this.log.say(this.sources.writer?.session ?? "", text);
    this.pane.say(text);
  }

  private invert(): void {
    this.pane.window.inverted = !this.pane.window.inverted;
    this.pane.redraw();
    this.showWindow();
  }

  private toggleOutline(): void {
    this.pane.outlined = !this.pane.outlined;
    this.pane.redraw();
    this.showWindow();
  }

  private showWindow(): void {
    const { low, high, inverted } = this.pane.window;
    this.level.value = String((low + high) / 2);
    this.width.value = String(high - low);
    const pressed = { a: this.pane.automatic, i: inverted, o: this.pane.outlined, s: !!this.tool };
    for (const [name, on] of Object.entries(pressed)) this.buttons[name].ariaPressed = String(on);
    this.buttons.Enter.hidden = !this.tool;
    this.help.hidden = !this.tool;
  }

  private toggleTool(): void {
    if (this.tool) return this.endTool();
    const volume = this.cases.find((one) => one.case === this.last?.result.case)?.volume;
    if (!this.last || !volume || !this.owned) return;
    this.tool = new StartTool(this.pane, this.last.result.case, volume, this.last.camera, this.last.result.camera_from_volume);
    this.pane.tool = this.tool;
    this.pane.element.querySelector<HTMLElement>(".drawing")?.focus();
    this.showWindow();
  }

  private applyStart(): void {
    if (this.tool) this.sources.writer?.restart(this.tool.pose);
    this.endTool();
  }

  private endTool(): void {
    this.tool = this.pane.tool = null;
    this.pane.redraw();
    this.showWindow();
  }
}

