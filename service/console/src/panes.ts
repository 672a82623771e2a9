// The panes of a session side by side: one for each camera that sends frames.
import { Blender } from "./blender";
import { el } from "./dom";
import type { Frame } from "./frames";
import type { Kind } from "./overlays";
import { Pane } from "./pane";
import type { Painting } from "./picture";
import { texts } from "./texts";

export class Panes {
  readonly element = el("div", { className: "panes" });
  onwindow: () => void = () => {};
  // What is told of a frame is told when it is drawn.
  onshow: (frame: Frame, pane: Pane) => void = () => {};
  private readonly byCamera = new Map<string, { pane: Pane; blender: Blender }>();
  private kind: Kind = "outline";

  constructor(private readonly painting: Painting) {
    this.clear();
  }

  get all(): Pane[] {
    return Array.from(this.byCamera.values(), (one) => one.pane);
  }

  get first(): Pane {
    return this.all[0];
  }

  get overlay(): Kind {
    return this.kind;
  }

  take(frame: Frame): void {
    const { camera } = frame.result;
    let there = this.byCamera.get(camera);
    const empty = this.byCamera.get("");
    if (!there && empty) {
      this.byCamera.delete("");
      this.byCamera.set(camera, (there = empty));
    }
    there ??= this.add(camera);
    there.blender.take(frame);
    if (this.byCamera.size > 1) for (const [name, one] of this.byCamera) one.pane.name(texts.cameraNamed(name));
  }

  setOverlay(kind: Kind): void {
    this.kind = kind;
    for (const { pane, blender } of this.byCamera.values()) {
      blender.kind = kind;
      if (pane.frame) blender.take(pane.frame);
    }
  }

  say(text: string): void {
    this.first.say(text);
  }

  // One empty pane is left.
  clear(): void {
    const kept = this.all.at(0);
    for (const { blender } of this.byCamera.values()) blender.close();
    this.byCamera.clear();
    if (!kept) {
      this.add("");
      return;
    }
    kept.clear();
    kept.name("");
    this.byCamera.set("", { pane: kept, blender: this.blenderOf(kept) });
    this.element.replaceChildren(kept.element, ...Array.from(this.element.children).filter((one) => one.matches(".space")));
  }

  private add(camera: string): { pane: Pane; blender: Blender } {
    const pane = new Pane(this.painting);
    pane.onwindow = () => this.onwindow();
    const last = this.all.at(-1);
    if (last) last.element.after(pane.element);
    else this.element.prepend(pane.element);
    const made = { pane, blender: this.blenderOf(pane) };
    this.byCamera.set(camera, made);
    return made;
  }

  private blenderOf(pane: Pane): Blender {
    const blender = new Blender((frame, overlay) => {
      this.onshow(frame, pane);
      pane.show(frame, overlay);
    });
    blender.kind = this.kind;
    return blender;
  }
}
