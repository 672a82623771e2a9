// Window and level, what is drawn over the frames, and how a track begins again: buttons, each with its key.
import { el, field, select } from "./dom";
import { KINDS, type Kind } from "./overlays";
import type { Panes } from "./panes";
import { texts } from "./texts";

export interface TrackActions {
  toggleStart: () => void; applyStart: () => void; turnWithOneFinger: () => void; search: () => void; restart: () => void;
  toggleSpace: () => void;
}
export interface TrackState { owned: boolean; setting: boolean; turning: boolean; space: boolean }

const SLIDER_STEPS = 50;

export class ViewTools {
  readonly element = el("div", { className: "tools" });
  readonly sliders: HTMLElement[];
  outlined = true;
  private readonly buttons: Record<string, HTMLButtonElement>;
  private readonly level = el("input", { type: "range", min: "0", max: "65535", ariaLabel: texts.level });
  private readonly width = el("input", { type: "range", min: "1", max: "65535", ariaLabel: texts.width });
  private readonly overlay = select(KINDS.map((one): [string, string] => [one, texts.overlays[one]]), {
    ariaLabel: texts.overlay, title: texts.overlayKey, onchange: () => this.setOverlay(this.overlay.value as Kind),
  });

  constructor(private readonly panes: Panes, actions: TrackActions) {
    const button = (text: string, pressed: () => void) => el("button", { type: "button", onclick: pressed }, text);
    const all = (change: (pane: Panes["first"]) => void) => () => {
      panes.all.forEach(change);
      this.show();
    };
    this.buttons = {
      a: button(texts.auto, () => this.setAutomatic(!panes.first.automatic)),
      i: button(texts.invert, all((pane) => {
        pane.window.inverted = !pane.window.inverted;
        pane.redraw();
      })),
      o: button(texts.outline, () => {
        this.outlined = !this.outlined;
        this.show();
      }),
      "0": button(texts.fit, all((pane) => pane.fit())),
      d: button(texts.space, actions.toggleSpace),
      s: button(texts.setStart, actions.toggleStart),
      Enter: button(texts.applyStart, actions.applyStart),
      m: button(texts.turnWithOneFinger, actions.turnWithOneFinger),
      r: button(texts.searchAgain, actions.search),
      b: button(texts.restart, actions.restart),
    };
    for (const slider of [this.level, this.width]) {
      slider.addEventListener("input", () => {
        const [level, half] = [Number(this.level.value), Number(this.width.value) / 2];
        panes.all.forEach((pane) => pane.setWindow(level - half, level + half));
      });
    }
    this.sliders = [field(texts.level, this.level), field(texts.width, this.width)];
    const { a, i, o, d, s, Enter, m, r, b } = this.buttons;
    this.element.append(a, i, o, this.overlay, this.buttons["0"], d, s, Enter, m, r, b);
    panes.onwindow = () => this.show();
  }

  // Returns whether the key has a button.
  key(name: string): boolean {
    if (name === "v") this.setOverlay(KINDS[(KINDS.indexOf(this.panes.overlay) + 1) % KINDS.length]);
    else {
      const button = this.buttons[name];
      if (!button || button.disabled || button.hidden) return false;
      button.click();
    }
    return true;
  }

  show(state?: TrackState): void {
    const { first } = this.panes;
    const { low, high, inverted } = first.window;
    this.slide(this.level, (low + high) / 2, (high - low) / SLIDER_STEPS);
    this.slide(this.width, high - low, (high - low) / SLIDER_STEPS);
    if (this.overlay.value !== this.panes.overlay) this.overlay.value = this.panes.overlay;
    for (const pane of this.panes.all) {
      if (pane.outlined === this.outlined) continue;
      pane.outlined = this.outlined;
      pane.redraw();
    }
    const pressed: Record<string, boolean> = { a: first.automatic, i: inverted, o: this.outlined };
    if (state) {
      Object.assign(pressed, { s: state.setting, m: state.turning, d: state.space });
      for (const name of ["s", "r", "b"]) this.buttons[name].disabled = !state.owned;
      this.buttons.Enter.hidden = this.buttons.m.hidden = !state.setting;
    }
    for (const [name, on] of Object.entries(pressed)) {
      if (this.buttons[name].ariaPressed !== String(on)) this.buttons[name].ariaPressed = String(on);
    }
  }

  // A slider that follows the frames moves when that can be seen: each move lays the page out anew.
  private slide(slider: HTMLInputElement, value: number, step: number): void {
    if (Math.abs(Number(slider.value) - value) > step) slider.value = String(value);
  }

  private setOverlay(kind: Kind): void {
    this.panes.setOverlay(kind);
    this.show();
  }

  private setAutomatic(on: boolean): void {
    this.panes.all.forEach((pane) => pane.setAutomatic(on));
    this.show();
  }
}
