"""Frames without their distortion: each pixel is taken from where the detector has it. Places in pixels (column, row).

Image intensifiers bend straight lines by pixels (pincushion, and an S by the earth's field); flat panels hardly do. A
camera here is a pinhole, so a bent frame is straightened before anything else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fluoropose.arrays import Float32, make_read_only
from fluoropose.errors import FrameError, GeometryError
from fluoropose.geometry.camera import Camera, ray_directions

__all__ = ["DistortionMap", "map_of_coefficients", "undistort_twin"]

_MOST_SHARE = 0.5
"""No detector moves a pixel by more than this share of its longer side: such a map is one of something else."""


@dataclass(frozen=True, slots=True, eq=False)
class DistortionMap:
    """Where each pixel of a straight frame lies in the frame as it was taken: (rows, columns, 2) as (column, row).

    Raises
    ------
    GeometryError
        If the array has another shape, is not finite, or moves a pixel by more than half of the frame.
    """

    places: Float32

    def __post_init__(self) -> None:
        """Check the places and make them read-only."""
        places = np.array(self.places, np.float32)
        if places.ndim != 3 or places.shape[2] != 2 or min(places.shape) < 2:
            raise GeometryError(f"distortion map must have shape (rows, columns, 2), got {places.shape}")
        rows, columns = places.shape[:2]
        own = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1)
        moved = float(np.abs(places - own).max())
        if not moved <= _MOST_SHARE * max(rows, columns):
            raise GeometryError(
                f"distortion map must hold places as (column, row) within half a frame of each pixel, got {moved:g} px"
            )
        object.__setattr__(self, "places", make_read_only(places))

    def undistort(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Return a frame (rows, columns) with straight lines straight, of the same dtype, interpolated linearly.

        What would lie beyond the frame is that of its edge.

        Raises
        ------
        FrameError
            If the frame has another size than the map.
        """
        if pixels.shape != self.places.shape[:2]:
            raise FrameError(
                f"expected a frame of the distortion map's size {self.places.shape[:2]}, got {pixels.shape}"
            )
        out = np.empty(pixels.shape, np.float32)
        view = pixels.view()
        view.setflags(write=False)
        _take(view, self.places, out)
        return out if pixels.dtype.kind == "f" else np.rint(out).astype(pixels.dtype)


def map_of_coefficients(camera: Camera, coefficients: Sequence[float]) -> DistortionMap:
    """Return the map of OpenCV's coefficients k1, k2, p1, p2 and, if given, k3, for a camera with this matrix.

    Source: D. C. Brown, Decentering distortion of lenses, Photogrammetric Engineering 32(3), 1966, in OpenCV's order.

    Raises
    ------
    GeometryError
        If there are not 4 or 5 finite numbers, or they move a pixel out of all proportion.
    """
    if len(coefficients) not in (4, 5) or not np.isfinite(coefficients).all():
        raise GeometryError(
            f"distortion coefficients must be k1, k2, p1, p2 and perhaps k3, got {list(coefficients)[:8]}"
        )
    k1, k2, p1, p2, k3 = (*coefficients, 0.0)[:5]
    rays = ray_directions(camera)
    x, y = rays[..., 0], rays[..., 1]
    square = x * x + y * y
    radial = 1.0 + square * (k1 + square * (k2 + square * k3))
    bent = np.stack(
        [
            x * radial + 2.0 * p1 * x * y + p2 * (square + 2.0 * x * x),
            y * radial + p1 * (square + 2.0 * y * y) + 2.0 * p2 * x * y,
            np.ones_like(x),
        ],
        axis=-1,
    )
    return DistortionMap((bent @ camera.intrinsic_matrix.T)[..., :2].astype(np.float32))


def undistort_twin(pixels: NDArray[Any], places: Float32) -> Float32:
    """Return what `DistortionMap.undistort` interpolates, before it is rounded, in plain NumPy: its specification."""
    rows, columns = pixels.shape
    u, v = np.clip(places[..., 0], 0, columns - 1), np.clip(places[..., 1], 0, rows - 1)
    left, top = np.minimum(u.astype(int), columns - 2), np.minimum(v.astype(int), rows - 2)
    right_share, low_share = u - left, v - top
    values = pixels.astype(np.float64)
    above = (1 - right_share) * values[top, left] + right_share * values[top, left + 1]
    below = (1 - right_share) * values[top + 1, left] + right_share * values[top + 1, left + 1]
    return np.asarray((1 - low_share) * above + low_share * below, np.float32)


@njit(cache=True, nogil=True, error_model="numpy")
def _take(pixels: NDArray[Any], places: Float32, out: Float32) -> None:
    rows, columns = pixels.shape
    for v in range(rows):
        for u in range(columns):
            x = min(max(np.float64(places[v, u, 0]), 0.0), columns - 1.0)
            y = min(max(np.float64(places[v, u, 1]), 0.0), rows - 1.0)
            left, top = min(int(x), columns - 2), min(int(y), rows - 2)
            a, b = x - left, y - top
            above = (1.0 - a) * pixels[top, left] + a * pixels[top, left + 1]
            below = (1.0 - a) * pixels[top + 1, left] + a * pixels[top + 1, left + 1]
            out[v, u] = (1.0 - b) * above + b * below
