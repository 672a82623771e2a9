// Frames of files: npy (one frame or a stack), PNG, DICOM, a video. They are read as they are sent: a stack or a folder
// may be as large as it likes, a frame as the service takes it.
import { BYTES, readNpy } from "./npy";
import { texts } from "./texts";
import { videoFrames } from "./video";

export interface FileFrame { meta: Record<string, unknown>; read: () => Promise<ArrayBuffer> }
export interface FileFrames { frames: FileFrame[]; rows: number | null; columns: number | null; what: string; display?: boolean }

const HEADER_BYTES = 65536;
// What the service takes of one frame (docs/reference/operations.md).
const MOST_BYTES = 64 * 2 ** 20;
const MOST_SIDE_PX = 4096;

// Raises an Error that says what was expected.
export async function framesOf(files: File[]): Promise<FileFrames> {
  if (files.length === 1 && files[0].type.startsWith("video/")) return videoFrames(files[0]);
  const found: FileFrames = { frames: [], rows: null, columns: null, what: "" };
  for (const file of [...files].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }))) {
    if (file.name.startsWith(".") || file.size === 0) continue;
    const head = await file.slice(0, HEADER_BYTES).arrayBuffer();
    const bytes = new Uint8Array(head);
    if (bytes[0] === 0x93) addNpy(found, file, head);
    else if (bytes[0] === 0x89 && bytes[1] === 0x50) addPng(found, file, head);
    else if (file.size > MOST_BYTES) throw new Error(texts.tooLarge(file.name));
    else if (String.fromCharCode(...bytes.slice(128, 132)) === "DICM" || /\.(dcm|ima)$/i.test(file.name)) {
      found.frames.push({ meta: { media_type: "application/dicom" }, read: () => file.arrayBuffer() });
      found.what = "DICOM";
    } else throw new Error(texts.unknownFile(file.name));
  }
  if (!found.frames.length) throw new Error(texts.noFrames);
  return found;
}

function addNpy(found: FileFrames, file: File, head: ArrayBuffer): void {
  let npy;
  try {
    npy = readNpy(head);
  } catch {
    throw new Error(texts.damaged(file.name));
  }
  const [rows, columns] = npy.shape.slice(-2);
  const count = npy.shape.length === 2 ? 1 : npy.shape.length === 3 ? npy.shape[0] : 0;
  const bytes = BYTES[npy.dtype];
  if (!bytes || npy.fortran || !count) throw new Error(texts.unknownDtype(npy.fortran ? "column order" : npy.dtype));
  const size = rows * columns * bytes;
  if (file.size < npy.offset + count * size) throw new Error(texts.damaged(file.name));
  requireSize(found, file, rows, columns);
  for (let n = 0; n < count; n++) {
    const start = npy.offset + n * size;
    const meta = { dtype: npy.dtype, rows, columns };
    found.frames.push({ meta, read: () => file.slice(start, start + size).arrayBuffer() });
  }
  found.what = `${rows} × ${columns} ${npy.dtype}`;
}

function addPng(found: FileFrames, file: File, head: ArrayBuffer): void {
  if (head.byteLength < 24) throw new Error(texts.damaged(file.name));
  const view = new DataView(head);
  requireSize(found, file, view.getUint32(20), view.getUint32(16));
  found.frames.push({ meta: { media_type: "image/png" }, read: () => file.arrayBuffer() });
  found.what = `${found.rows} × ${found.columns} PNG`;
}

function requireSize(found: FileFrames, file: File, rows: number, columns: number): void {
  if (rows > MOST_SIDE_PX || columns > MOST_SIDE_PX) throw new Error(texts.tooLarge(file.name));
  if (found.rows !== null && (found.rows !== rows || found.columns !== columns)) throw new Error(texts.unequalFrames(file.name));
  found.rows = rows;
  found.columns = columns;
}

// The files of what was dropped, those of folders included.
export async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  const items = Array.from(transfer.items, (item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const found = items.map(async ({ entry, file }) => (entry ? filesOf(entry) : file ? [file] : []));
  return (await Promise.all(found)).flat();
}

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) return [await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const all: File[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return all;
    for (const one of some) all.push(...(await filesOf(one)));
  }
}
