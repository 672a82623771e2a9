// The ways of writing a camera down that the service converts (docs/reference/geometry.md): their fields, and a small
// picture of each. A picture is a list of strokes on a canvas of 100 x 76 units, y down.
import { texts } from "./texts";

export type FieldKind = "number" | "pair" | "matrix" | "text" | "json" | "flag" | [string, string];
export interface Field { name: string; kind: FieldKind; value?: string; columns?: number; optional?: boolean }
export type Stroke =
  | { line: number[]; arrow?: boolean; faint?: boolean }
  | { box: [number, number, number, number] } | { dot: [number, number] } | { arc: [number, number, number, number, number] }
  | { word: string; at: [number, number] };
export interface Convention { fields: Field[]; picture: Stroke[] }

const number = (name: string, value: string, optional = false): Field => ({ name, kind: "number", value, optional });
const size = (rows: string, columns: string) => [number(rows, "512"), number(columns, "512")];
const place: Field = { name: "camera_from_world", kind: "matrix", columns: 4, optional: true };
const distance = number("source_to_detector_mm", "", true);
const axes: Field[] = [{ name: "v_axis", kind: ["down", "up"] }, { name: "pixel_origin", kind: ["center", "corner"] }];
const lengths = [
  ...size("rows", "columns"), number("row_spacing_mm", "0.35"), number("column_spacing_mm", "0.35"), number("source_to_detector_mm", "1200"),
  { name: "principal_point_px", kind: "pair", optional: true } as Field,
];

const line = (...points: number[]): Stroke => ({ line: points });
const arrow = (...points: number[]): Stroke => ({ line: points, arrow: true });
const faint = (...points: number[]): Stroke => ({ line: points, faint: true });
const word = (name: keyof typeof texts.words, x: number, y: number): Stroke => ({ word: texts.words[name], at: [x, y] });

// The picture's pixels as seen on the screen: u to the right, v down, unless told otherwise.
const image = (up: boolean): Stroke[] => [
  { box: [26, 12, 58, 52] },
  ...(up ? [arrow(26, 64, 50, 64), arrow(26, 64, 26, 40), word("x", 52, 68), word("y", 17, 42)]
    : [arrow(26, 12, 50, 12), arrow(26, 12, 26, 36), word("u", 52, 10), word("v", 17, 38), { dot: [28, 14] } as Stroke]),
];
const beam: Stroke[] = [
  { dot: [10, 38] }, word("source", 4, 32), line(84, 8, 84, 68), faint(10, 38, 84, 8), faint(10, 38, 84, 68), faint(10, 38, 84, 38),
];
const arm: Stroke[] = [
  { arc: [50, 40, 27, -2.2, 0.95] }, { dot: [50, 40] }, { dot: [66, 62] }, word("source", 71, 62), line(24, 22, 44, 9), faint(66, 62, 34, 16),
  faint(50, 40, 50, 66), { arc: [50, 40, 14, 0.95, 1.57] },
];

export const CONVENTIONS: Record<string, Convention> = {
  distances: { fields: lengths, picture: [...beam, arrow(10, 72, 84, 72), word("toDetector", 12, 70), line(82, 20, 86, 20), line(82, 26, 86, 26), word("spacing", 56, 25), { dot: [84, 44] }, word("point", 62, 52)] },
  c_arm: {
    fields: [...lengths, number("primary_deg", "0"), number("secondary_deg", "0"), number("source_to_isocenter_mm", "800"), number("roll_deg", "", true)],
    picture: [...arm, word("primary", 2, 73), word("isocentre", 38, 40), word("toIsocentre", 2, 8)],
  },
  intrinsic: {
    fields: [...size("rows", "columns"), { name: "intrinsic_matrix", kind: "matrix", columns: 3, value: "3428.6 0 255.5\n0 3428.6 255.5\n0 0 1" }, place, ...axes, distance],
    picture: [...image(false), { dot: [58, 36] }, word("principal", 60, 34), word("focal", 30, 60)],
  },
  projection_matrix: {
    fields: [...size("rows", "columns"), { name: "projection_matrix", kind: "matrix", columns: 4 }, ...axes, distance],
    picture: [...image(false), arrow(4, 60, 18, 60), arrow(4, 60, 4, 46), arrow(4, 60, 12, 52), word("world", 2, 72), faint(12, 52, 58, 36), { dot: [58, 36] }, word("projection", 34, 60)],
  },
  dicom_xa: {
    fields: [
      ...size("Rows", "Columns"), number("DistanceSourceToDetector", "1200"), number("DistanceSourceToPatient", "800"),
      { name: "ImagerPixelSpacing", kind: "pair", value: "0.35 0.35" }, number("PositionerPrimaryAngle", "0"), number("PositionerSecondaryAngle", "0"),
    ],
    picture: [...arm, word("angles", 2, 73), word("toPatient", 2, 8)],
  },
  mayacam1: { fields: [{ name: "text", kind: "text" }, number("unit_mm", "1")], picture: [...image(true), word("alongMinusZ", 32, 34), word("unit", 32, 44)] },
  mayacam2: { fields: [{ name: "text", kind: "text" }, number("unit_mm", "1")], picture: [...image(true), word("rotation", 34, 34), word("translation", 34, 44)] },
  jointtrack: { fields: [{ name: "text", kind: "text" }, ...size("rows", "columns")], picture: [...image(false), faint(26, 38, 84, 38), faint(55, 12, 55, 64), { dot: [64, 30] }, arrow(55, 38, 64, 38), arrow(64, 38, 64, 30), word("offset", 28, 60)] },
  diffdrr: {
    fields: [
      number("sdd", "1200"), number("height", "512"), number("width", "512", true), number("delx", "0.35"), number("dely", "0.35", true), number("x0", "0"), number("y0", "0"),
      { name: "reverse_x_axis", kind: "flag" }, { name: "orientation", kind: ["AP", "PA"] }, { name: "pose", kind: "matrix", columns: 4, optional: true },
      { name: "isocenter_mm", kind: "matrix", columns: 3, optional: true },
    ],
    picture: [...beam, word("sdd", 44, 74), word("pitch", 50, 22), word("aboutMiddle", 8, 8)],
  },
  xvr: {
    fields: [{ name: "detector", kind: "json" }, { name: "final_pose", kind: "matrix", columns: 4 }, { name: "orientation", kind: ["AP", "PA"] }],
    picture: [...beam, word("detector", 54, 74), word("finalPose", 8, 8)],
  },
};
