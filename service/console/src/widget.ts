// The view of one frame, or of a run, in a notebook: the same pane as the page's, fed by a kernel instead of a service.
// anywidget's front-end module: https://anywidget.dev/en/afm/
import type { Frame } from "./frames";
import { unpackFrame } from "./frames";
import { Pane } from "./pane";
import { texts } from "./texts";
import "./widget.css";

interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(name: string, called: () => void): void;
  off(name: string, called: () => void): void;
}

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const pane = new Pane();
  const root = document.createElement("div");
  root.className = "fluoropose-widget";
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", min: "0", ariaLabel: texts.frame });
  const told = document.createElement("p");
  told.className = "note";
  root.append(pane.element, slider, told);
  el.append(root);

  // Bytes come as a DataView on the kernel's message: not at the beginning of its buffer.
  const show = (): void => {
    const data = model.get("message") as DataView;
    if (!data?.byteLength) return;
    const frame: Frame = unpackFrame(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer);
    const count = model.get("count") as number;
    slider.max = String(count - 1);
    slider.value = String(model.get("index"));
    slider.hidden = count < 2;
    pane.show(frame);
    const { result } = frame;
    told.textContent = [`${texts.frame} ${result.seq}`, `${texts.symbols[result.status]} ${texts.status[result.status]}`, result.reason_text ?? ""].filter(Boolean).join(" · ");
  };
  const window = (): void => {
    pane.window.inverted = model.get("inverted") as boolean;
    pane.outlined = model.get("outlined") as boolean;
    pane.redraw();
  };
  slider.addEventListener("input", () => {
    model.set("index", Number(slider.value));
    model.save_changes();
  });
  const listeners: [string, () => void][] = [["change:message", show], ["change:inverted", window], ["change:outlined", window]];
  for (const [name, called] of listeners) model.on(name, called);
  window();
  show();
  return () => {
    for (const [name, called] of listeners) model.off(name, called);
  };
}

export default { render };
