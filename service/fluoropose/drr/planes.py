"""A renderer that takes half the time of `drr.cpu`: it samples a ray only where that crosses planes of voxel centres.

This is Joseph's method (IEEE TMI 1(3), 1982): a sample needs four voxels, not eight. The planes are those across the
axis of which the middle ray crosses most. The result is nearly as near to the line integral as that of `drr.cpu` with
steps of a voxel (tested), but it is another sum. Planes in which a ray passes nothing are left out
(`drr.occupied_blocks`). Atlases, training pictures and the methods we compare with use
`drr.cpu`.
"""

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Float64, Mat44
from fluoropose.drr.occupied_blocks import TILE, occupied_blocks, planes_of_tiles
from fluoropose.drr.renderer import AbstractRenderer, ray_frame, steepest_axis
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.kernels import ONE_KERNEL
from fluoropose.imaging.sampling import interpolate
from fluoropose.imaging.volume import Volume

__all__ = ["PlaneRenderer", "SerialPlaneRenderer"]

_WITHIN = 1.0 + 2.0**-10
"""The largest index along an axis is its length less this, so that a sample beyond the end reads just inside it."""


class PlaneRenderer(AbstractRenderer):
    """A renderer compiled by numba, one row of pixels per task. Its twin is `reference.ReferencePlanes`.

    The field of view must be less than 90 degrees: in a wider one a ray may cross no plane at all.
    """

    def __init__(self, volume: Volume) -> None:
        """Keep the volume, which needs at least two voxels along each axis."""
        self.volume = volume
        self._flat = np.ascontiguousarray(volume.values, np.float32).reshape(-1)
        self._blocks = occupied_blocks(volume.values)

    def render(self, camera: Camera, camera_from_volume: Mat44) -> Float32:
        """Return the line integrals, float32 (rows, columns)."""
        rays = ray_frame(self.volume, camera, camera_from_volume)
        steep = steepest_axis(rays, camera)
        order = [steep, *(axis for axis in range(3) if axis != steep)]
        shape = self.volume.values.shape
        strides = np.array([shape[1] * shape[2], shape[2], 1], np.uint64)[order]
        image = np.empty((camera.rows, camera.columns), dtype=np.float32)
        origin, slope_of = rays.origin[order], rays.index_from_pixel[order]
        tiles = planes_of_tiles(self._blocks[:, order], origin, slope_of, camera.rows, camera.columns)
        self._integrate(np.array(shape)[order], strides, origin, slope_of, rays.direction_from_pixel, tiles, image)
        return image

    def _integrate(
        self, shape: NDArray[Any], strides: NDArray[Any], origin: Float64, slope_of: Float64, direction_of: Float64,
        tiles: NDArray[np.int32], image: Float32,
    ) -> None:  # fmt: skip
        """Write the picture with all cores; one such kernel runs at a time."""
        with ONE_KERNEL:
            _integrate(self._flat, shape, strides, origin, slope_of, direction_of, tiles, image)


class SerialPlaneRenderer(PlaneRenderer):
    """The same renderer on the thread that calls it, beside other kernels: for views that are rendered ahead."""

    def _integrate(
        self, shape: NDArray[Any], strides: NDArray[Any], origin: Float64, slope_of: Float64, direction_of: Float64,
        tiles: NDArray[np.int32], image: Float32,
    ) -> None:  # fmt: skip
        """Write the picture with one core, without the lock of Python."""
        _integrate_serially(self._flat, shape, strides, origin, slope_of, direction_of, tiles, image)


@njit(parallel=True, cache=True, fastmath=True, nogil=True, error_model="numpy")
def _integrate(
    flat: Float32, shape: Float64, strides: Float64, origin: Float64, slope_of: Float64, direction_of: Float64,
    tiles: NDArray[np.int32], image: Float32,
) -> None:  # fmt: skip
    """Write the picture. Arrays along the axes have the order: the steepest axis, then the other two."""
    for v in prange(image.shape[0]):
        _integrate_row(flat, shape, strides, origin, slope_of, direction_of, tiles, image, v)


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def _integrate_serially(
    flat: Float32, shape: Float64, strides: Float64, origin: Float64, slope_of: Float64, direction_of: Float64,
    tiles: NDArray[np.int32], image: Float32,
) -> None:  # fmt: skip
    """Write the picture on one thread."""
    for v in range(image.shape[0]):
        _integrate_row(flat, shape, strides, origin, slope_of, direction_of, tiles, image, v)


@njit(inline="always")
def _integrate_row(
    flat: Float32, shape: Float64, strides: Float64, origin: Float64, slope_of: Float64, direction_of: Float64,
    tiles: NDArray[np.int32], image: Float32, v: int,
) -> None:  # fmt: skip
    """Write one row of the picture."""
    columns = image.shape[1]
    slope = np.empty(3)
    for u in range(columns):
        lowest, highest = tiles[0, v // TILE, u // TILE], tiles[1, v // TILE, u // TILE]
        near, far, squared = 0.0, 1e30, 0.0
        if lowest > highest:
            image[v, u] = 0.0
            continue
        for axis in range(3):
            slope[axis] = slope_of[axis, 0] * u + slope_of[axis, 1] * v + slope_of[axis, 2]
            d = direction_of[axis, 0] * u + direction_of[axis, 1] * v + direction_of[axis, 2]
            squared += d * d
            s = slope[axis] if abs(slope[axis]) > 1e-12 else 1e-12
            first, second = -origin[axis] / s, (shape[axis] - 1.0 - origin[axis]) / s
            near, far = max(near, min(first, second)), min(far, max(first, second))
        if far <= near:
            image[v, u] = 0.0
            continue
        begin, end = origin[0] + near * slope[0], origin[0] + far * slope[0]
        begin, end = min(begin, end), max(begin, end)
        first, last = int(begin + 0.5), int(end + 0.5)
        dx, dy = slope[1] / slope[0], slope[2] / slope[0]
        x, y = origin[1] - origin[0] * dx, origin[2] - origin[0] * dy
        total = _sum_planes(flat, shape, strides, x, y, dx, dy, max(first, lowest), min(last, highest) + 1)
        # Only a part of the cell around the first plane, and around the last, lies inside the box.
        if first >= lowest:
            total -= (begin - (first - 0.5)) * _sum_planes(flat, shape, strides, x, y, dx, dy, first, first + 1)
        if last <= highest:
            total -= (last + 0.5 - end) * _sum_planes(flat, shape, strides, x, y, dx, dy, last, last + 1)
        image[v, u] = total * np.sqrt(squared) / abs(slope[0])


@njit(inline="always")
def _sum_planes(
    flat: Float32, shape: Float64, strides: Float64, x0: float, y0: float, dx: float, dy: float, first: int, stop: int
) -> float:
    """Return the sum of a ray's samples in the planes `first` to before `stop`; it crosses plane p at x0 + p dx."""
    x_start, y_start, x_step, y_step = np.float32(x0), np.float32(y0), np.float32(dx), np.float32(dy)
    right, low = np.float32(shape[1] - _WITHIN), np.float32(shape[2] - _WITHIN)
    # Indices are unsigned: for signed ones numba checks whether they count from the end.
    plane, along, across = strides[0], strides[1], strides[2]
    total = np.float32(0.0)
    for p in range(first, stop):
        x = min(max(x_start + x_step * np.float32(p), np.float32(0.0)), right)
        y = min(max(y_start + y_step * np.float32(p), np.float32(0.0)), low)
        i, j = np.int32(x), np.int32(y)
        fx, fy = x - np.float32(i), y - np.float32(j)
        at = np.uint64(p) * plane + np.uint64(i) * along + np.uint64(j) * across
        under = at + along
        total += interpolate(flat[at], flat[at + across], flat[under], flat[under + across], fy, fx)
    return float(total)
