// The live view: one session as an observer sees it, whoever writes it.
import type { CaseState, Found, Matrix, Session } from "./api";
import { el, field, fillSelect, select } from "./dom";
import { Exports } from "./export";
import type { Frame } from "./frames";
import type { Pane } from "./pane";
import { Panes } from "./panes";
import { webglBy, type Painting } from "./picture";
import { errorEllipse, sixFromPose } from "./pose";
import { RunLog } from "./run_log";
import { Sources } from "./sources";
import type { Space } from "./space";
import { Start } from "./start_tool";
import { StatusCard } from "./status_card";
import type { StatusLog } from "./status_log";
import { Strips } from "./strips";
import { STAGES, texts } from "./texts";
import { ViewTools } from "./view_tools";
import { Watcher } from "./watcher";

export class Live {
  readonly element = el("main", { className: "live" });
  readonly sources: Sources;
  private readonly panes: Panes;
  private readonly tools: ViewTools;
  private readonly run = new RunLog();
  private readonly exports: Exports;
  private readonly card = new StatusCard();
  private readonly strips: Strips;
  private readonly chosen = select([["", texts.noSession]], { onchange: () => this.watch(this.chosen.value) });
  private readonly object = select([], { ariaLabel: texts.object, onchange: () => this.strips.clear() });
  private readonly help = el("p", { className: "note", hidden: true }, texts.startHelp);
  private watcher: Watcher | null = null;
  private cases: CaseState[] = [];
  private last: Frame | null = null;
  private camera = "";
  private dropped = 0;
  private tool: Start | null = null;
  private begun: Matrix | null = null;
  private space: Space | null = null;
  private gone = false;

  constructor(private readonly log: StatusLog, painting: Painting) {
    this.panes = new Panes(painting);
    this.panes.onshow = (frame, pane) => this.showFrame(frame, pane);
    this.strips = new Strips([
      ...texts.six.map((name, n) => ({ name, unit: texts.sixUnits[n] })), { name: texts.age, unit: texts.ageUnit },
      { name: texts.stagesTitle, unit: texts.ageUnit, lines: STAGES.map((one) => texts.stages[one]) },
    ]);
    this.sources = new Sources({
      watch: (session) => this.watch(session), note: (text) => this.note(text), say: (text) => this.panes.say(text),
    });
    this.tools = new ViewTools(this.panes, {
      toggleStart: () => this.toggleTool(), applyStart: () => this.applyStart(), turnWithOneFinger: () => this.turn(),
      search: () => this.sources.writer?.restart(null), restart: () => this.sources.writer?.restart(this.begun),
      toggleSpace: () => void this.toggleSpace(),
    });
    this.exports = new Exports(this.run, () => this.panes.first, (text) => this.panes.say(text));
    this.element.append(
      el("div", { className: "left" },
        el("div", { className: "bar" }, field(texts.session, this.chosen), ...this.tools.sliders, this.sources.element), this.sources.form,
        this.panes.element, this.tools.element, this.exports.element, this.help),
      el("div", { className: "right" }, this.card.element, this.object, this.strips.element),
    );
    this.object.hidden = true;
    this.sources.acceptDrops(this.element);
    if (webglBy() === "absent") this.element.querySelector(".left")?.append(el("p", { className: "note flat" }, texts.flat));
    this.showTools();
  }

  watch(session: string): void {
    this.watcher?.close();
    this.watcher = null;
    this.endTool();
    this.exports.stop();
    [this.last, this.dropped, this.camera, this.begun] = [null, 0, "", null];
    this.card.clear();
    this.strips.clear();
    this.run.clear();
    this.panes.clear();
    this.space?.clear();
    this.panes.say(session ? texts.waiting : texts.chooseSource);
    if (!session) return;
    if (!Array.from(this.chosen.options).some((one) => one.value === session)) this.chosen.add(new Option(session.slice(0, 6), session));
    this.chosen.value = session;
    this.watcher = new Watcher(session, {
      frame: (frame) => this.receive(session, frame),
      note: (text) => this.panes.say(text),
      ended: (text) => {
        this.log.say(session, text);
        this.card.clear();
        this.panes.say(text);
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
    this.showTools();
  }

  // Old numbers must not pass for new ones.
  setGone(gone: boolean): void {
    if (gone && !this.gone) this.card.clear();
    if (!gone && this.gone) this.panes.say(this.watcher ? texts.waiting : texts.chooseSource);
    this.gone = gone;
    this.element.classList.toggle("stale", gone);
    if (gone) this.panes.say(texts.gone);
  }

  key(event: KeyboardEvent): boolean {
    if (event.key !== "Escape" || !this.tool) return this.tools.key(event.key);
    this.endTool();
    return true;
  }

  private get owned(): boolean {
    return !!this.watcher && this.sources.writer?.session === this.watcher.session;
  }

  private volume(name: string) {
    return this.cases.find((one) => one.case === name)?.volume ?? null;
  }

  private receive(session: string, frame: Frame): void {
    this.dropped += frame.result.dropped_since_last;
    this.run.add(frame);
    for (const one of frame.result.objects ?? [frame.result]) this.log.note(session, frame.result.seq, one);
    this.panes.take(frame);
  }

  // What is told of a frame is told with its picture.
  private showFrame(frame: Frame, pane: Pane): void {
    const { result } = frame;
    const objects: Found[] = result.objects ?? [result];
    this.last = frame;
    this.camera ||= result.camera;
    if (objects.length > 1) fillSelect(this.object, objects.map((one) => [one.case, one.case]));
    if (this.object.hidden !== objects.length < 2) this.object.hidden = objects.length < 2;
    pane.ellipses = objects.map((one) => {
      const volume = this.volume(one.case);
      return volume && errorEllipse(one, volume, frame.camera);
    });
    this.card.show(frame, this.dropped);
    this.space?.show(frame, (name) => this.volume(name));
    if (result.camera !== this.camera) return;
    const one = objects.find((object) => object.case === this.object.value) ?? objects[0];
    const volume = this.volume(one.case);
    const pose = one.status === "LOST" ? null : one.camera_from_volume;
    const six = pose && volume ? sixFromPose(pose, volume) : texts.six.map(() => null);
    const stages = STAGES.map((name) => result.timing_ms[name] ?? 0);
    this.strips.add(performance.now() / 1000, [...six.map((value) => [value]), [result.age_ms], stages]);
  }

  private note(text: string): void {
    this.log.say(this.sources.writer?.session ?? "", text);
    this.panes.say(text);
  }

  private showTools(): void {
    this.tools.show({ owned: this.owned, setting: !!this.tool, turning: !!this.tool?.turning, space: !!this.space });
    this.help.hidden = !this.tool;
  }

  private toggleTool(): void {
    if (this.tool) return this.endTool();
    const volume = this.last && this.volume(this.last.result.case);
    if (!this.last || !volume || !this.owned) return;
    const { result } = this.last;
    const { places } = this.sources.writer?.source ?? { places: {} };
    this.tool = new Start(this.panes.all, result.case, volume, places, result.world_from_volume ?? null);
    this.panes.first.canvas.focus();
    this.showTools();
  }

  private turn(): void {
    if (this.tool) this.tool.turning = !this.tool.turning;
    this.showTools();
  }

  private applyStart(): void {
    if (this.tool) this.sources.writer?.restart((this.begun = this.tool.pose));
    this.endTool();
  }

  private endTool(): void {
    this.tool = null;
    for (const pane of this.panes.all) {
      pane.tool = null;
      pane.redraw();
    }
    this.showTools();
  }

  // The 3-D pane and its library are loaded when they are asked for.
  private async toggleSpace(): Promise<void> {
    if (this.space) {
      this.space.close();
      this.space = null;
    } else {
      try {
        const { Space } = await loadSpace();
        this.space = new Space(texts);
        this.panes.element.append(this.space.element);
        for (const { frame } of this.panes.all) if (frame) this.space.show(frame, (name) => this.volume(name));
      } catch {
        this.panes.say(texts.noSpace);
      }
    }
    this.showTools();
  }
}

// A file of its own beside this one; the bundler leaves the address as it is.
async function loadSpace(): Promise<typeof import("./space")> {
  return import(new URL("console/space.js", document.baseURI).href);
}
