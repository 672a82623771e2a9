// Rigid geometry: docs/reference/api.md has the conventions, geometry/pose6.py the six parameters.
import type { Camera, Matrix, Volume } from "./api";

export type Six = [number, number, number, number, number, number];
const DEGREES = 180 / Math.PI;

export function multiply(a: Matrix, b: Matrix): Matrix {
  return a.map((row) => b[0].map((_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0)));
}

export function transpose(a: Matrix): Matrix {
  return a[0].map((_, j) => a.map((row) => row[j]));
}

function apply(rotation: Matrix, point: number[]): number[] {
  return rotation.map((row) => row[0] * point[0] + row[1] * point[1] + row[2] * point[2]);
}

// Rz(theta) Rx(alpha) Ry(beta), degrees.
export function fromZxy(theta: number, alpha: number, beta: number): Matrix {
  const [ct, st] = [Math.cos(theta / DEGREES), Math.sin(theta / DEGREES)];
  const [ca, sa] = [Math.cos(alpha / DEGREES), Math.sin(alpha / DEGREES)];
  const [cb, sb] = [Math.cos(beta / DEGREES), Math.sin(beta / DEGREES)];
  return [
    [ct * cb - st * sa * sb, -st * ca, ct * sb + st * sa * cb],
    [st * cb + ct * sa * sb, ct * ca, st * sb - ct * sa * cb],
    [-ca * sb, sa, ca * cb],
  ];
}

export function poseFromSix(six: Six, volume: Volume): Matrix {
  const rotation = multiply(fromZxy(six[3], six[4], six[5]), volume.base_rotation);
  const centre = apply(rotation, volume.centre_mm);
  return [...rotation.map((row, i) => [...row, six[i] - centre[i]]), [0, 0, 0, 1]];
}

export function sixFromPose(pose: Matrix, volume: Volume): Six {
  const rotation = pose.slice(0, 3).map((row) => row.slice(0, 3));
  const centre = apply(rotation, volume.centre_mm).map((value, i) => value + pose[i][3]);
  const r = multiply(rotation, transpose(volume.base_rotation));
  return [
    centre[0], centre[1], centre[2],
    DEGREES * Math.atan2(-r[0][1], r[1][1]),
    DEGREES * Math.asin(Math.max(-1, Math.min(1, r[2][1]))),
    DEGREES * Math.atan2(-r[2][0], r[2][2]),
  ];
}

export function centreInPixels(pose: Matrix, volume: Volume, camera: Camera): [number, number] {
  const six = sixFromPose(pose, volume);
  const k = camera.intrinsic_matrix as Matrix;
  return [k[0][0] * six[0] / six[2] + k[0][2], k[1][1] * six[1] / six[2] + k[1][2]];
}
