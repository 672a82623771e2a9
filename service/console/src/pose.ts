// Rigid geometry: docs/reference/api.md has the conventions, geometry/pose6.py the six parameters.
import type { Camera, Found, Matrix, Volume } from "./api";

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

// One standard deviation of an object's centre in pixels of the frame: radii along its axes, the first turned by `angle`.
export interface Ellipse { at: [number, number]; radii: [number, number]; angle: number }

export function intrinsics(camera: Camera): Matrix {
  return camera.intrinsic_matrix as Matrix;
}

// The camera of a picture whose pixels are the means of `block` x `block` pixels of the frame.
export function blockCamera(camera: Camera, block: number): Camera {
  const k = intrinsics(camera);
  const centre = (one: number) => (one - (block - 1) / 2) / block;
  return {
    rows: Math.max(1, Math.floor(camera.rows / block)), columns: Math.max(1, Math.floor(camera.columns / block)),
    intrinsic_matrix: [[k[0][0] / block, k[0][1] / block, centre(k[0][2])], [0, k[1][1] / block, centre(k[1][2])], [0, 0, 1]],
  };
}

export function project(camera: Camera, point: number[]): [number, number] {
  const k = intrinsics(camera);
  const [x, y] = [point[0] / point[2], point[1] / point[2]];
  return [k[0][0] * x + k[0][1] * y + k[0][2], k[1][1] * y + k[1][2]];
}

// What is stated of an object's place as an ellipse on the frame: of the covariance where results hold it, else as wide
// in both directions as the error in the plane.
export function errorEllipse(one: Found, volume: Volume, camera: Camera): Ellipse | null {
  if (one.status === "LOST" || !one.camera_from_volume) return null;
  const [x, y, z] = sixFromPose(one.camera_from_volume, volume);
  if (z <= 0) return null;
  const k = intrinsics(camera);
  const at = project(camera, [x, y, z]);
  if (!one.covariance) {
    const error = one.error_estimate.in_plane_mm / z;
    return { at, radii: [k[0][0] * error, k[1][1] * error], angle: 0 };
  }
  const j = [[k[0][0] / z, k[0][1] / z, -(k[0][0] * x + k[0][1] * y) / z ** 2], [0, k[1][1] / z, (-k[1][1] * y) / z ** 2]];
  const c = multiply(multiply(j, one.covariance.slice(0, 3).map((row) => row.slice(0, 3))), transpose(j));
  const [mean, half, cross] = [(c[0][0] + c[1][1]) / 2, (c[0][0] - c[1][1]) / 2, c[0][1]];
  const apart = Math.hypot(half, cross);
  return { at, radii: [Math.sqrt(mean + apart), Math.sqrt(Math.max(0, mean - apart))], angle: Math.atan2(cross, half) / 2 };
}

export function inverse(pose: Matrix): Matrix {
  const rotation = transpose(pose.slice(0, 3).map((row) => row.slice(0, 3)));
  const moved = apply(rotation, pose.slice(0, 3).map((row) => row[3]));
  return [...rotation.map((row, i) => [...row, -moved[i]]), [0, 0, 0, 1]];
}

export function transform(pose: Matrix, point: number[]): number[] {
  return apply(pose.slice(0, 3), point).map((value, i) => value + pose[i][3]);
}
