// NumPy's file format, version 1 to 3: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
export interface Npy { data: ArrayBuffer; offset: number; dtype: string; shape: number[]; fortran: boolean }

const NAMES: Record<string, string> = { "|u1": "uint8", "<u2": "uint16", "<i2": "int16", "<f4": "float32" };
export const BYTES: Record<string, number> = { uint8: 1, uint16: 2, int16: 2, float32: 4 };

// Reads the header; the pixels may be cut off. Raises an Error where it is no npy file.
export function readNpy(data: ArrayBuffer): Npy {
  const bytes = new Uint8Array(data);
  if (bytes.length < 12 || bytes[0] !== 0x93 || String.fromCharCode(...bytes.slice(1, 6)) !== "NUMPY") throw new Error("npy");
  const view = new DataView(data);
  const [start, length] = bytes[6] === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  const header = new TextDecoder().decode(bytes.slice(start, start + length));
  const descr = /'descr':\s*'([^']+)'/.exec(header)?.[1];
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined || shape === undefined || start + length > bytes.length) throw new Error("npy");
  return {
    data, offset: start + length, dtype: NAMES[descr] ?? descr, fortran: /'fortran_order':\s*True/.test(header),
    shape: shape.split(",").map((one) => one.trim()).filter(Boolean).map(Number),
  };
}
