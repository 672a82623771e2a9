// Saves a run: its table, its transforms, the picture as it is drawn, and a video of it.
import { el } from "./dom";
import type { Pane } from "./pane";
import type { RunLog } from "./run_log";
import { texts } from "./texts";

const VIDEO = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm", "video/mp4"];
const VIDEO_FPS = 30;

export class Exports {
  readonly element = el("div", { className: "tools exports" });
  private recorder: MediaRecorder | null = null;
  private readonly video = el("button", { type: "button", onclick: () => this.toggleVideo() }, texts.recordVideo);

  constructor(private readonly run: RunLog, private readonly pane: () => Pane, private readonly say: (text: string) => void) {
    const button = (text: string, pressed: () => void) => el("button", { type: "button", onclick: pressed }, text);
    this.element.append(
      el("span", { className: "label" }, texts.save),
      button(texts.saveTable, () => this.saveTable()), button(texts.saveTransforms, () => this.saveTransforms()),
      button(texts.savePicture, () => this.savePicture()), this.video,
    );
    this.video.disabled = typeof MediaRecorder === "undefined";
  }

  stop(): void {
    if (this.recorder?.state === "recording") this.recorder.stop();
  }

  private saveTable(): void {
    if (!this.run.entries.length) return this.say(texts.nothingToSave);
    save(new Blob([this.run.csv()], { type: "text/csv" }), "poses.csv");
  }

  private saveTransforms(): void {
    const all = this.run.transforms();
    if (!all.length) return this.say(texts.nothingToSave);
    for (const [name, text] of all) save(new Blob([text], { type: "text/plain" }), name);
  }

  private savePicture(): void {
    if (!this.pane().frame) return this.say(texts.nothingToSave);
    this.pane().canvas.toBlob((blob) => blob && save(blob, `frame-${this.pane().frame?.seq ?? 0}.png`));
  }

  private toggleVideo(): void {
    if (this.recorder) return this.stop();
    if (!this.pane().frame) return this.say(texts.nothingToSave);
    const mimeType = VIDEO.find((kind) => MediaRecorder.isTypeSupported(kind));
    const recorder = new MediaRecorder(this.pane().canvas.captureStream(VIDEO_FPS), mimeType ? { mimeType } : {});
    const parts: Blob[] = [];
    recorder.ondataavailable = (event) => parts.push(event.data);
    recorder.onstop = () => {
      this.recorder = null;
      this.show();
      save(new Blob(parts, { type: recorder.mimeType }), recorder.mimeType.includes("mp4") ? "run.mp4" : "run.webm");
    };
    recorder.start(1000);
    this.recorder = recorder;
    this.show();
  }

  private show(): void {
    this.video.textContent = this.recorder ? texts.stopVideo : texts.recordVideo;
    this.video.ariaPressed = String(!!this.recorder);
  }
}

export function save(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = el("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
