// What `watch` sends: 4 bytes of header length, the header (JSON), 16-bit pixels.
import type { Camera, Result } from "./api";

export interface Frame {
  seq: number; captured_at: number; rows: number; columns: number; block: number; values: [number, number];
  frame_rows: number; frame_columns: number; pixel_meaning: string; inverted: boolean; camera: Camera; skipped: number;
  result: Result; pixels: Uint16Array;
}

export function unpackFrame(message: ArrayBuffer): Frame {
  const length = new DataView(message).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(message, 4, length)));
  const pixels = new Uint16Array(message, 4 + length);
  if (pixels.length !== header.rows * header.columns) {
    throw new Error(`expected ${header.rows} x ${header.columns} pixels, got ${pixels.length}`);
  }
  return { ...header, pixels };
}

// A frame as a writer sends it to `stream`.
export function packFrame(meta: Record<string, unknown>, body: ArrayBuffer | Uint8Array): Uint8Array<ArrayBuffer> {
  const header = new TextEncoder().encode(JSON.stringify(meta));
  const message = new Uint8Array(4 + header.length + body.byteLength);
  new DataView(message.buffer).setUint32(0, header.length, true);
  message.set(header, 4);
  message.set(body instanceof Uint8Array ? body : new Uint8Array(body), 4 + header.length);
  return message;
}
