// What a session answered since the page watches it, as files: a table, ITK transforms.
import type { Found, Matrix } from "./api";
import type { Frame } from "./frames";

const MOST = 50_000;
const DEGREES = 180 / Math.PI;

export interface Entry { seq: number; camera: string; capturedAt: number; ageMs: number; one: Found }

export class RunLog {
  readonly entries: Entry[] = [];

  clear(): void {
    this.entries.length = 0;
  }

  add(frame: Frame): void {
    const { result } = frame;
    for (const one of result.objects ?? [result]) {
      const { outline: _outline, ...kept } = one;
      this.entries.push({ seq: result.seq, camera: result.camera, capturedAt: frame.captured_at, ageMs: result.age_ms, one: kept });
    }
    if (this.entries.length > MOST) this.entries.splice(0, this.entries.length - MOST);
  }

  // The columns of `fluoropose track --csv` (io/pose_export/csv_poses.py), and what tells results of a session apart.
  csv(): string {
    const head = [
      "frame", "time_s", "status", "confidence", "reason", "x_mm", "y_mm", "z_mm", "rx_deg", "ry_deg", "rz_deg",
      ...[0, 1, 2].flatMap((i) => [0, 1, 2, 3].map((j) => `m${i}${j}`)), "in_plane_mm", "depth_mm", "rotation_deg",
      "object", "camera", "age_ms",
    ];
    return [head.join(","), ...this.entries.map(csvRow)].join("\n") + "\n";
  }

  // The last pose of each object that was found: [file name, text].
  transforms(): [string, string][] {
    const last = new Map<string, [string, string]>();
    for (const { seq, camera, one } of this.entries) {
      if (one.status === "LOST" || !one.camera_from_volume) continue;
      last.set(`${one.case}/${camera}`, [`${one.case}-${camera}-${seq}.tfm`, transformText(one.camera_from_volume)]);
    }
    return [...last.values()];
  }
}

function csvRow(entry: Entry): string {
  const { one } = entry;
  const pose = one.status === "LOST" ? null : one.camera_from_volume;
  const numbers = pose ? [...pose.slice(0, 3).map((row) => row[3]), ...rotationVector(pose).map((value) => DEGREES * value), ...pose.slice(0, 3).flat()].map((value) => String(Number(value.toPrecision(9)))) : Array(18).fill("");
  const error = one.error_estimate;
  const errors = pose ? [error.in_plane_mm, error.depth_mm, error.rotation_deg].map((value) => value.toFixed(4)) : ["", "", ""];
  return [
    entry.seq, entry.capturedAt.toFixed(6), one.status, one.confidence.toFixed(4), one.reason ?? "", ...numbers, ...errors,
    one.case, entry.camera, entry.ageMs.toFixed(1),
  ].join(",");
}

// An ITK transform that takes points of the volume (LPS, mm) to the camera (io/pose_export/itk_transforms.py).
export function transformText(pose: Matrix): string {
  const numbers = [...pose.slice(0, 3).flatMap((row) => row.slice(0, 3)), ...pose.slice(0, 3).map((row) => row[3])];
  return `#Insight Transform File V1.0\n#Transform 0\nTransform: AffineTransform_double_3_3\nParameters: ${numbers.join(" ")}\nFixedParameters: 0 0 0\n`;
}

// The rotation vector (rad), by the quaternion's largest part: sure also near half a turn.
export function rotationVector(m: Matrix): number[] {
  const trace = m[0][0] + m[1][1] + m[2][2];
  const squares = [trace, m[0][0], m[1][1], m[2][2]];
  const largest = squares.indexOf(Math.max(...squares));
  const skew = [m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1]];
  let q: number[];
  if (largest === 0) q = [1 + trace, ...skew];
  else {
    const i = largest - 1;
    const [j, k] = [(i + 1) % 3, (i + 2) % 3];
    q = [skew[i], 0, 0, 0];
    q[1 + i] = 1 + m[i][i] - m[j][j] - m[k][k];
    q[1 + j] = m[j][i] + m[i][j];
    q[1 + k] = m[k][i] + m[i][k];
  }
  const sign = q[0] < 0 ? -1 : 1;
  const sine = Math.hypot(q[1], q[2], q[3]);
  if (sine === 0) return [0, 0, 0];
  const angle = 2 * Math.atan2(sine, Math.abs(q[0]));
  return q.slice(1).map((value) => (sign * angle * value) / sine);
}
