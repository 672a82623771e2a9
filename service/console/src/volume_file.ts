// Reads a CT or a label map in the browser, made small, to show what will be chosen of it: NIfTI-1 and NRRD, also
// gzipped. Other kinds (a zip of a DICOM series, MetaImage) the service makes small by /v1/check. What is uploaded as a
// case the service reads itself; what is read here is shown and nothing else.
import { call } from "./api";

export interface SmallVolume {
  // (nx, ny, nz) with x the fastest, every n-th voxel along each of the file's axes.
  values: Float32Array; size: [number, number, number];
  // LPS mm of a voxel of this small grid: rows of a 3 x 4 matrix.
  lpsFromIndex: number[][];
  // Names of values, where a label map's header holds them.
  names: Map<number, string>;
}
interface Head { size: number[]; kind: string; little: boolean; offset: number; scale: number; shift: number; affine: number[][]; gzipped: boolean; names: Map<number, string> }

const MOST_SIDE = 128;
const MOST_BYTES = 1.5 * 2 ** 30;
const NIFTI_KINDS: Record<number, string> = {
  2: "Uint8", 4: "Int16", 8: "Int32", 16: "Float32", 64: "Float64", 256: "Int8", 512: "Uint16", 768: "Uint32",
};
const NRRD_KINDS: Record<string, string> = {
  uchar: "Uint8", "unsigned char": "Uint8", uint8: "Uint8", uint8_t: "Uint8", char: "Int8", "signed char": "Int8", int8: "Int8", int8_t: "Int8",
  short: "Int16", "signed short": "Int16", int16: "Int16", int16_t: "Int16", ushort: "Uint16", "unsigned short": "Uint16", uint16: "Uint16",
  uint16_t: "Uint16", int: "Int32", int32: "Int32", int32_t: "Int32", uint: "Uint32", uint32: "Uint32", uint32_t: "Uint32", float: "Float32", double: "Float64",
};
const BYTES: Record<string, number> = { Uint8: 1, Int8: 1, Int16: 2, Uint16: 2, Int32: 4, Uint32: 4, Float32: 4, Float64: 8 };

// Returns null for files of another kind, or that are damaged.
export async function readVolume(file: File): Promise<SmallVolume | null> {
  try {
    const first = new Uint8Array(await file.slice(0, 2).arrayBuffer());
    const gzipped = first[0] === 0x1f && first[1] === 0x8b;
    if (file.size > MOST_BYTES) return null;
    const data = gzipped ? await inflate(file.stream()) : await file.arrayBuffer();
    const start = String.fromCharCode(...new Uint8Array(data, 0, 4));
    if (start !== "NRRD") return small(data, niftiHead(data));
    const head = nrrdHead(data);
    if (!head.gzipped) return small(data, head);
    const packed = new Blob([data.slice(head.offset)]);
    return small(await inflate(packed.stream()), { ...head, offset: 0 });
  } catch {
    return null;
  }
}

interface Report { findings: { severity: string; text: string }[]; voxels: { shape: number[]; lps_from_index: number[][]; values: string } | null }

// Has the service read a file; raises ApiError, or an Error with what is wrong with the file. Null: it is no volume.
export async function askForVolume(file: File): Promise<SmallVolume | null> {
  const body = new FormData();
  body.set("file", file);
  const report: Report = await (await call("POST", "v1/check?voxels=true", body)).json();
  const wrong = report.findings.find((one) => one.severity === "error");
  if (wrong) throw new Error(wrong.text);
  if (!report.voxels) return null;
  const { shape, lps_from_index, values } = report.voxels;
  const bytes = Uint8Array.from(atob(values), (one) => one.charCodeAt(0));
  return { values: new Float32Array(bytes.buffer), size: shape as SmallVolume["size"], lpsFromIndex: lps_from_index.slice(0, 3), names: new Map() };
}

async function inflate(stream: ReadableStream<Uint8Array>): Promise<ArrayBuffer> {
  return new Response(stream.pipeThrough(new DecompressionStream("gzip") as ReadableWritablePair<Uint8Array, Uint8Array>)).arrayBuffer();
}

// https://nifti.nimh.nih.gov/nifti-1: offsets of the header's fields. NIfTI is RAS, so x and y change their sign.
function niftiHead(data: ArrayBuffer): Head {
  const view = new DataView(data);
  const little = view.getInt32(0, true) === 348;
  if (!little && view.getInt32(0, false) !== 348) throw new Error("NIfTI-1");
  const float = (at: number) => view.getFloat32(at, little);
  const short = (at: number) => view.getInt16(at, little);
  const spacing = [1, 2, 3].map((n) => float(76 + 4 * n));
  let rows: number[][];
  if (short(254) > 0) rows = [280, 296, 312].map((at) => [0, 4, 8, 12].map((n) => float(at + n)));
  else if (short(252) > 0) rows = quaternionRows([256, 260, 264].map(float), [268, 272, 276].map(float), spacing, float(76) < 0 ? -1 : 1);
  else rows = spacing.map((one, i) => [0, 1, 2, 3].map((j) => (i === j ? one : 0)));
  const slope = float(112);
  const extension = new TextDecoder().decode(new Uint8Array(data, 352, Math.max(0, Math.min(Math.round(float(108)), data.byteLength) - 352)));
  // The table of labels that Connectome Workbench writes, and programs for segmentation with it.
  const labels = Array.from(extension.matchAll(/<Label\s[^>]*Key="(-?\d+)"[^>]*>(?:<!\[CDATA\[)?([^<\]]*)/g));
  return {
    names: new Map(labels.map((one) => [Number(one[1]), one[2].trim()])),
    size: [1, 2, 3].map((n) => short(40 + 2 * n)), kind: NIFTI_KINDS[short(70)], little, offset: Math.round(float(108)),
    scale: slope || 1, shift: slope ? float(116) : 0, affine: rows.map((row, i) => (i < 2 ? row.map((one) => -one) : row)), gzipped: false,
  };
}

function quaternionRows([b, c, d]: number[], offset: number[], spacing: number[], sign: number): number[][] {
  const a = Math.sqrt(Math.max(0, 1 - b * b - c * c - d * d));
  const rotation = [
    [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
    [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
    [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
  ];
  return rotation.map((row, i) => [row[0] * spacing[0], row[1] * spacing[1], row[2] * spacing[2] * sign, offset[i]]);
}

// https://teem.sourceforge.net/nrrd/format.html
function nrrdHead(data: ArrayBuffer): Head {
  const text = new TextDecoder("latin1").decode(new Uint8Array(data, 0, Math.min(data.byteLength, 65536)));
  const end = /\r?\n\r?\n/.exec(text);
  if (!end) throw new Error("NRRD");
  const fields = new Map<string, string>();
  for (const line of text.slice(0, end.index).split(/\r?\n/)) {
    const found = /^([^:#]+):=?\s?(.*)$/.exec(line);
    if (found) fields.set(found[1].trim().toLowerCase(), found[2].trim());
  }
  const encoding = fields.get("encoding") ?? "";
  if (!/^(raw|gzip|gz)$/.test(encoding) || fields.has("data file")) throw new Error("NRRD");
  const vectors = (name: string) => Array.from((fields.get(name) ?? "").matchAll(/\(([^)]*)\)/g), (one) => one[1].split(",").map(Number));
  const directions = vectors("space directions");
  const origin = vectors("space origin")[0] ?? [0, 0, 0];
  const letters = { "left-posterior-superior": [1, 1], lps: [1, 1], "right-anterior-superior": [-1, -1], ras: [-1, -1], "left-anterior-superior": [1, -1], las: [1, -1] };
  const signs = [...(letters[(fields.get("space") ?? "lps").toLowerCase() as keyof typeof letters] ?? [1, 1]), 1];
  // Segmentations of 3D Slicer (.seg.nrrd) name their values.
  const names = new Map<number, string>();
  for (let n = 0; fields.has(`segment${n}_labelvalue`); n++) {
    names.set(Number(fields.get(`segment${n}_labelvalue`)), fields.get(`segment${n}_name`) ?? "");
  }
  return {
    names,
    size: (fields.get("sizes") ?? "").split(/\s+/).map(Number), kind: NRRD_KINDS[(fields.get("type") ?? "").toLowerCase()],
    little: fields.get("endian") !== "big", offset: end.index + end[0].length, scale: 1, shift: 0, gzipped: encoding !== "raw",
    affine: [0, 1, 2].map((i) => [...[0, 1, 2].map((j) => signs[i] * directions[j][i]), signs[i] * origin[i]]),
  };
}

function small(data: ArrayBuffer, head: Head): SmallVolume {
  const full = head.size.slice(0, 3);
  const bytes = BYTES[head.kind];
  if (!bytes || full.length !== 3 || full.some((one) => !(one >= 1))) throw new Error("volume");
  if (data.byteLength < head.offset + bytes * full[0] * full[1] * full[2]) throw new Error("volume");
  const step = full.map((one) => Math.ceil(one / MOST_SIDE)) as [number, number, number];
  const size = full.map((one, i) => Math.floor((one - 1) / step[i]) + 1) as [number, number, number];
  const view = new DataView(data, head.offset);
  const read = (view[`get${head.kind}` as "getInt16"] as (at: number, little: boolean) => number).bind(view);
  const values = new Float32Array(size[0] * size[1] * size[2]);
  let n = 0;
  for (let z = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++) {
      const row = (z * step[2] * full[1] + y * step[1]) * full[0];
      for (let x = 0; x < size[0]; x++) values[n++] = head.shift + head.scale * read(bytes * (row + x * step[0]), head.little);
    }
  }
  const lpsFromIndex = head.affine.map((row) => row.map((one, j) => (j < 3 ? one * step[j] : one)));
  return { values, size, lpsFromIndex, names: head.names };
}

// The values of a label map but 0, with their names.
export function labelsOf(map: SmallVolume): [number, string][] {
  const found = new Set<number>(map.names.keys());
  for (const value of map.values) if (value && Number.isInteger(value)) found.add(value);
  found.delete(0);
  return [...found].sort((a, b) => a - b).map((value) => [value, map.names.get(value) || String(value)]);
}
