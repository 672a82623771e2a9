// The public API and nothing else. The key is held in memory only; WebSockets get a ticket for it.
export interface Problem { code: string; title: string; status: number; detail: string }
export interface Camera { rows: number; columns: number; [name: string]: unknown }
export type Matrix = number[][];
export interface Volume {
  size_mm: number; centre_mm: number[]; base_rotation: Matrix; range_mm: number; corners_mm: Matrix;
}
export interface Verification { frames: number; found: number; mtre_proj_mm: number | null; depth_mm: number | null; text: string; look_alikes?: { axis: unknown; angle_deg: number }[] }
export interface CaseState {
  case: string; state: "preparing" | "ready" | "failed" | "cancelled"; progress: number; step: string; detail: string;
  verification: Verification | null; volume: Volume | null; model: string | null;
}
export interface Session {
  session: string; case: string; state: string; last_status: string | null; counters: Record<string, number>;
  dropped: Record<string, number>; objects: { case: string; state: string }[];
}
export interface Estimate { in_plane_mm: number; depth_mm: number; rotation_deg: number }
export interface Found {
  case: string; status: "TRACKING" | "LOW_CONFIDENCE" | "LOST"; confidence: number; camera_from_volume: Matrix | null;
  error_estimate: Estimate; reason: string | null; reason_text: string | null; outline?: [number, number][][];
  covariance?: Matrix; world_from_volume?: Matrix | null; model?: string | null;
}
export interface Result extends Found {
  seq: number; timing_ms: Record<string, number>; age_ms: number; dropped_since_last: number; camera: string; objects?: Found[];
  views?: string[];
}

export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
  }
}

let key = "";
let refuse: () => void = () => {};

export function useKey(given: string): void {
  key = given;
}

export function onUnauthenticated(called: () => void): void {
  refuse = called;
}

export function headers(): Record<string, string> {
  return key ? { Authorization: `Bearer ${key}` } : {};
}

export function asProblem(status: number, text: string): Problem {
  try {
    return { code: "", title: "", detail: "", ...JSON.parse(text), status };
  } catch {
    return { code: "", title: `HTTP ${status}`, detail: text.slice(0, 200), status };
  }
}

// Raises ApiError for a refusal, and what fetch raises where there is no service.
export async function call(method: string, path: string, body?: unknown): Promise<Response> {
  const isForm = body instanceof FormData;
  const json: Record<string, string> = body === undefined || isForm ? {} : { "Content-Type": "application/json" };
  const answer = await fetch(path, {
    method, headers: { ...headers(), ...json }, body: body === undefined ? null : isForm ? body : JSON.stringify(body), cache: "no-store",
    keepalive: method === "DELETE",
  });
  if (answer.status === 401) refuse();
  if (!answer.ok) throw new ApiError(asProblem(answer.status, await answer.text()));
  return answer;
}

export async function get<T>(path: string): Promise<T> {
  return (await call("GET", path)).json();
}

export async function openSocket(path: string, query: Record<string, string> = {}): Promise<WebSocket> {
  const asked = new URLSearchParams(query);
  if (key) asked.set("ticket", (await (await call("POST", "v1/tickets")).json()).ticket);
  const address = new URL(path, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  address.search = asked.toString();
  const socket = new WebSocket(address, "fluoropose.v1+json");
  socket.binaryType = "arraybuffer";
  return socket;
}

// XMLHttpRequest tells how much has been sent, fetch does not.
export function uploadCase(form: FormData, progress: (share: number) => void): { done: Promise<CaseState>; abort: () => void } {
  const request = new XMLHttpRequest();
  const done = new Promise<CaseState>((resolve, reject) => {
    request.open("POST", "v1/cases");
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onload = () => {
      if (request.status === 201) resolve(JSON.parse(request.responseText));
      else reject(new ApiError(asProblem(request.status, request.responseText)));
    };
    request.onerror = () => reject(new Error("connection"));
    request.onabort = () => reject(new DOMException("aborted", "AbortError"));
    request.send(form);
  });
  return { done, abort: () => request.abort() };
}
