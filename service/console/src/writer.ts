// Sends frames to a session of its own over the public WebSocket; opens the session again when the service was gone.
import { ApiError, call, type Camera, type Matrix, openSocket } from "./api";
import { packFrame } from "./frames";
import { texts } from "./texts";

export interface FrameSource {
  case: string; cameras: { camera: Camera } | { cameras: Record<string, Camera> }; pixelMeaning: string; inverted: boolean;
  // `camera_from_world` of each camera that has a place.
  places: Record<string, Matrix>;
  // Returns the frames of an instant with their headers, one of each camera; null after the last one.
  frames: (n: number) => Promise<{ meta: Record<string, unknown>; body: ArrayBuffer | Uint8Array }[] | null>;
}

export interface WriterEvents {
  opened: (session: string) => void;
  note: (text: string) => void;
  ended: (text: string) => void;
}

export class Writer {
  session = "";
  fps = 15;
  private socket: WebSocket | null = null;
  private stopped = false;
  // The session is not this page's any more.
  private over = false;
  private next = 0;

  constructor(readonly source: FrameSource, private readonly events: WriterEvents) {
    void this.run();
  }

  stop(): void {
    this.stopped = true;
    this.socket?.close();
    if (this.session && !this.over) void call("DELETE", `v1/sessions/${this.session}`).catch(() => {});
  }

  // Begins the track again: at a pose, or by a search where there is none.
  restart(initialPose: Matrix | null): void {
    const pose = initialPose ? { initial_pose: initialPose } : {};
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ type: "restart", ...pose }));
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      try {
        await this.open();
        await this.sendAll();
      } catch (error) {
        if (error instanceof ApiError && error.problem.status < 500 && !this.mayPass(error)) {
          this.stopped = true;
          this.events.ended(texts.writerEnded(error.message));
          return;
        }
      }
      if (this.stopped) return;
      this.events.note(texts.writerReopens);
      await pause(1000);
    }
  }

  // A service that starts again says of a case that it is not ready until it has loaded it.
  private mayPass(error: ApiError): boolean {
    return this.session !== "" && error.problem.code === "conflict";
  }

  private async open(): Promise<void> {
    const { source } = this;
    const opening = { case: source.case, ...source.cameras, pixel_meaning: source.pixelMeaning, inverted: source.inverted };
    this.session = (await (await call("POST", "v1/sessions", opening)).json()).session;
    const socket = await openSocket(`v1/sessions/${this.session}/stream`);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onclose = reject;
    });
    socket.onmessage = (message) => this.receive(JSON.parse(message.data));
    this.socket = socket;
    if (this.stopped) this.stop();
    else this.events.opened(this.session);
  }

  private receive(event: { type: string; detail?: string; reason?: string; code?: string }): void {
    if (event.type === "problem" && event.code !== "frame-superseded") this.events.note(event.detail ?? "");
    if (event.type !== "ended" || this.stopped) return;
    if (event.reason !== "going-away") {
      this.stopped = this.over = true;
      this.events.ended(texts.writerEnded(texts.ended[event.reason ?? ""] ?? ""));
    }
  }

  private async sendAll(): Promise<void> {
    const { socket } = this;
    let due = performance.now();
    for (let seq = 0; socket?.readyState === WebSocket.OPEN && !this.stopped; seq++) {
      const frames = await this.source.frames(this.next++);
      if (frames === null) return this.waitForStop(socket);
      // A connection that is slower than the frames gets the newest ones.
      if (socket.bufferedAmount < 4 * frames.reduce((sum, one) => sum + one.body.byteLength, 0)) {
        const captured_at = Date.now() / 1000;
        for (const { meta, body } of frames) socket.send(packFrame({ ...meta, seq, captured_at }, body));
      }
      due = Math.max(due + 1000 / this.fps, performance.now() - 1000);
      await pause(Math.max(0, due - performance.now()));
    }
  }

  // The session stays open after the last frame, so that its result can be looked at.
  private async waitForStop(socket: WebSocket): Promise<void> {
    this.events.note(texts.allSent);
    while (!this.stopped && socket.readyState === WebSocket.OPEN) await pause(200);
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
