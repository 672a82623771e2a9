// Watches one session; comes back by itself when the connection breaks, until the session has ended.
import { ApiError, openSocket } from "./api";
import { type Frame, unpackFrame } from "./frames";
import { texts } from "./texts";

export interface WatchEvents {
  frame: (frame: Frame) => void;
  note: (text: string) => void;
  ended: (text: string) => void;
}

const LASTING = new Set([4400, 4401, 4404, 4408, 4422]);

export class Watcher {
  private socket: WebSocket | null = null;
  private timer = 0;
  private closed = false;
  private tries = 0;
  private last = "";

  constructor(readonly session: string, private readonly events: WatchEvents, private readonly query: Record<string, string>) {
    void this.connect();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  private async connect(): Promise<void> {
    try {
      const socket = await openSocket(`v1/sessions/${this.session}/watch`, this.query);
      if (this.closed) return socket.close();
      this.socket = socket;
      socket.onmessage = (message) => this.receive(message.data);
      socket.onclose = (event) => this.lose(event.code, event.reason);
    } catch (error) {
      this.lose(error instanceof ApiError ? 4401 : 1006, error instanceof Error ? error.message : "");
    }
  }

  private receive(data: ArrayBuffer | string): void {
    if (this.closed) return;
    this.tries = 0;
    if (typeof data === "string") this.last = JSON.parse(data).reason ?? "";
    else this.events.frame(unpackFrame(data));
  }

  private lose(code: number, reason: string): void {
    if (this.closed) return;
    if (LASTING.has(code)) {
      this.closed = true;
      this.events.ended(texts.ended[this.last] ?? texts.watchRefused(reason));
      return;
    }
    this.events.note(texts.ended[this.last] ?? texts.connecting);
    this.timer = window.setTimeout(() => void this.connect(), Math.min(2000, 250 * 2 ** this.tries++));
  }
}
