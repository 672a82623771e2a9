"""The fast renderer: the sum of `drr.reference` in float32, compiled by numba for all cores."""

import numpy as np
from numba import config, njit, prange, set_num_threads

from fluoropose.arrays import Float32, Float64, Mat44
from fluoropose.drr.renderer import AbstractRenderer, ray_frame
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.kernels import ONE_KERNEL
from fluoropose.imaging.volume import Volume

__all__ = ["CpuRenderer", "use_threads"]


class CpuRenderer(AbstractRenderer):
    """A renderer compiled by numba, one row of pixels per task. Its twin is `reference.ReferenceRenderer`."""

    def __init__(self, volume: Volume, step_mm: float) -> None:
        """Keep the volume; `step_mm` is the largest distance between samples along a ray."""
        self.volume = volume
        self.step_mm = step_mm

    def render(self, camera: Camera, camera_from_volume: Mat44) -> Float32:
        """Return the line integrals, float32 (rows, columns)."""
        rays = ray_frame(self.volume, camera, camera_from_volume)
        image = np.empty((camera.rows, camera.columns), dtype=np.float32)
        with ONE_KERNEL:
            _integrate(
                self.volume.values, rays.origin, rays.index_from_pixel, rays.direction_from_pixel, self.step_mm, image
            )
        return image


def use_threads(count: int) -> None:
    """Limit this process's renderers to `count` threads, where several processes share the cores."""
    set_num_threads(min(count, config.NUMBA_NUM_THREADS))


# This kernel is long because splitting the loop along a ray costs a third of the speed.
@njit(parallel=True, cache=True, fastmath=True, nogil=True)
def _integrate(
    values: Float32, origin: Float64, slope_of: Float64, direction_of: Float64, step_mm: float, image: Float32
) -> None:
    rows, columns = image.shape
    ni, nj, nk = values.shape
    for v in prange(rows):
        for u in range(columns):
            near, far = 0.0, 1e30
            squared = 0.0
            slope = np.empty(3)
            for axis in range(3):
                slope[axis] = slope_of[axis, 0] * u + slope_of[axis, 1] * v + slope_of[axis, 2]
                d = direction_of[axis, 0] * u + direction_of[axis, 1] * v + direction_of[axis, 2]
                squared += d * d
                s = slope[axis] if abs(slope[axis]) > 1e-12 else 1e-12
                first = -origin[axis] / s
                second = (values.shape[axis] - 1.0 - origin[axis]) / s
                near = max(near, min(first, second))
                far = min(far, max(first, second))
            if far <= near:
                image[v, u] = 0.0
                continue
            length_mm = (far - near) * np.sqrt(squared)
            steps = int(np.ceil(length_mm / step_mm))
            depth_step = (far - near) / steps
            x = np.float32(origin[0] + (near + 0.5 * depth_step) * slope[0])
            y = np.float32(origin[1] + (near + 0.5 * depth_step) * slope[1])
            z = np.float32(origin[2] + (near + 0.5 * depth_step) * slope[2])
            dx = np.float32(slope[0] * depth_step)
            dy = np.float32(slope[1] * depth_step)
            dz = np.float32(slope[2] * depth_step)
            total = np.float32(0.0)
            for n in range(steps):
                px, py, pz = x + n * dx, y + n * dy, z + n * dz
                i = min(max(int(px), 0), ni - 2)
                j = min(max(int(py), 0), nj - 2)
                k = min(max(int(pz), 0), nk - 2)
                fx = min(max(px - i, np.float32(0.0)), np.float32(1.0))
                fy = min(max(py - j, np.float32(0.0)), np.float32(1.0))
                fz = min(max(pz - k, np.float32(0.0)), np.float32(1.0))
                a = values[i, j, k] + fz * (values[i, j, k + 1] - values[i, j, k])
                b = values[i, j + 1, k] + fz * (values[i, j + 1, k + 1] - values[i, j + 1, k])
                c = values[i + 1, j, k] + fz * (values[i + 1, j, k + 1] - values[i + 1, j, k])
                d2 = values[i + 1, j + 1, k] + fz * (values[i + 1, j + 1, k + 1] - values[i + 1, j + 1, k])
                low = a + fy * (b - a)
                total += low + fx * (c + fy * (d2 - c) - low)
            image[v, u] = total * np.float32(length_mm / steps)
