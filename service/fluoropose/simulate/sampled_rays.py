"""The simulator's renderer: each ray is sampled at the midpoints of as many equal steps as the longest ray needs.

It is the sum of `drr.reference.ReferenceRenderer`, its twin, compiled for one core: a run simulates a frame per core.
Samples are interpolated in float64 and added in NumPy's order, so that a picture on x86-64 is the twin's to the last
bit. The renderers of registration compute in float32, with steps or planes of their own. Lengths in mm.
"""

import numpy as np
from numba import njit

from fluoropose.arrays import Float32, Float64, Mat44, Vec3
from fluoropose.drr.reference import find_crossing_rays
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.volume import Volume

__all__ = ["sample_lines"]


def sample_lines(volume: Volume, camera: Camera, camera_from_volume: Mat44, step_mm: float) -> Float32:
    """Return the line integrals, float32 (rows, columns), from samples at most `step_mm` apart. O(rays x samples)."""
    rays = find_crossing_rays(volume, camera, camera_from_volume, step_mm)
    # Column by column: the patient's long axis is usually upright in the picture and last in memory.
    rays = rays.take(np.argsort(rays.pixels % camera.columns, kind="stable"))
    means = np.empty(len(rays.pixels))
    middles = (np.arange(rays.steps) + 0.5) / max(rays.steps, 1)
    values = np.ascontiguousarray(volume.values)
    _mean_along(values.ravel(), values.shape, rays.origin, rays.slopes, rays.near, rays.far, middles, means)
    image = np.zeros(camera.rows * camera.columns)
    image[rays.pixels] = means * rays.lengths_mm
    return image.reshape(camera.rows, camera.columns).astype(np.float32)


# This kernel is long because a call per sample costs a third of the speed. Indices that cannot be negative are
# unsigned, which spares numba's test for an index from the end.
@njit(cache=True, nogil=True)
def _mean_along(
    values: Float32, shape: tuple[int, int, int], origin: Vec3, slopes: Float64, near: Float64, far: Float64,
    middles: Float64, means: Float64,
) -> None:  # fmt: skip
    """Write the mean of the samples along each ray, (n,), into `means`; `values` is the volume of `shape` in a row."""
    ni, nj, nk = shape
    steps = middles.size
    samples = np.empty(steps, dtype=np.float32)
    next_k, next_j, next_i = np.uint64(1), np.uint64(nk), np.uint64(nj * nk)
    for ray in range(near.size):
        for n in range(steps):
            depth = near[ray] + (far[ray] - near[ray]) * middles[n]
            x = _clamp(origin[0] + depth * slopes[ray, 0], ni - 1.0)
            y = _clamp(origin[1] + depth * slopes[ray, 1], nj - 1.0)
            z = _clamp(origin[2] + depth * slopes[ray, 2], nk - 1.0)
            i, j, k = min(int(x), ni - 2), min(int(y), nj - 2), min(int(z), nk - 2)
            at = np.uint64((i * nj + j) * nk + k)
            other = at + next_i
            a, b, c, d = values[at], values[at + next_k], values[at + next_j], values[at + next_j + next_k]
            e, f, g, h = values[other], values[other + next_k], values[other + next_j], values[other + next_j + next_k]
            if a == 0 and b == 0 and c == 0 and d == 0 and e == 0 and f == 0 and g == 0 and h == 0:
                samples[n] = 0.0
                continue
            fx, fy, fz = x - i, y - j, z - k
            gx, gy, gz = 1.0 - fx, 1.0 - fy, 1.0 - fz
            total = a * gx * gy * gz
            total += b * gx * gy * fz
            total += c * gx * fy * gz
            total += d * gx * fy * fz
            total += e * fx * gy * gz
            total += f * fx * gy * fz
            total += g * fx * fy * gz
            total += h * fx * fy * fz
            samples[n] = total
        means[ray] = np.float32(np.float64(_sum_pairwise(samples)) / steps)


@njit(cache=True, nogil=True)
def _clamp(value: float, upper: float) -> float:
    """Return `value` held to [0, upper]."""
    return 0.0 if value < 0.0 else (upper if value > upper else value)


@njit(cache=True, nogil=True)
def _sum_pairwise(terms: Float32) -> np.float32:
    """Return the sum of the terms (n,) in float32 in the order of NumPy's pairwise summation.

    NumPy halves a row until a part has 128 terms or fewer. `tasks` holds the lengths of the parts still to be summed,
    and 0 where the last two sums are to be added.
    """
    tasks, sums = np.zeros(128, dtype=np.int64), np.zeros(128, dtype=np.float32)
    tasks[0] = terms.size
    waiting, known, first = 1, 0, 0
    while waiting:
        waiting -= 1
        count = tasks[waiting]
        if known > 1 and count == 0:
            known -= 1
            sums[known - 1] += sums[known]
        elif count > 128:
            half = count // 2 - count // 2 % 8
            tasks[waiting], tasks[waiting + 1], tasks[waiting + 2] = 0, count - half, half
            waiting += 3
        else:
            sums[known] = _sum_block(terms[first : first + count])
            known += 1
            first += count
    return sums[0]


@njit(cache=True, nogil=True)
def _sum_block(terms: Float32) -> np.float32:
    """Return the sum of at most 128 terms: eight sums side by side, then the terms that are left over."""
    sums = np.zeros(8, dtype=np.float32)
    whole = terms.size - terms.size % 8
    for n in range(0, whole, 8):
        for lane in range(8):
            sums[lane] += terms[n + lane]
    total = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]))
    for n in range(whole, terms.size):
        total += terms[n]
    return total
