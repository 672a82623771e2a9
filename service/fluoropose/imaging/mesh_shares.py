"""The share of each voxel that is inside a surface: compiled, and its slow, clear twin. Lengths in voxels.

A share is the sum over facets of the signed volume between the facet's part above the voxel and the voxel's floor:
Gauss's theorem for one voxel. Facets are cut at the voxels' faces (I. E. Sutherland, G. W. Hodgman, "Reentrant polygon
clipping", CACM 17(1), 1974). So the shares are exact, and no facet, edge or vertex needs a special case where it lies
on a face of a voxel. Where the surface winds around a place twice, its volume counts twice.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fluoropose.arrays import Float64, Points, Vec3

__all__ = ["add_shares", "add_shares_twin"]


@njit(cache=True, nogil=True)
def add_shares(vertices: Points, faces: NDArray[np.int64], shares: Float64) -> None:
    """Write the shares of voxels inside a surface into an array of zeros, shape (ni, nj, nk).

    `vertices` (n, 3) are in voxels: voxel i reaches from i to i + 1, and none lies in the first layer below k = 1.
    """
    # Three corners and two more for each of the three axes along which a facet is cut.
    polygons = np.empty((5, 9, 3))
    facet, strip, column, piece, spare = polygons[0], polygons[1], polygons[2], polygons[3], polygons[4]
    for f in range(len(faces)):
        for n in range(3):
            facet[n] = vertices[faces[f, n]]
        if _area_and_moment(facet, 3)[0] == 0.0:
            continue
        i_first, i_last = _cells(facet, 3, 0)
        for i in range(i_first, i_last + 1):
            in_strip = _cut(facet, 3, 0, i, spare, strip)
            j_first, j_last = _cells(strip, in_strip, 1)
            for j in range(j_first, j_last + 1):
                in_column = _cut(strip, in_strip, 1, j, spare, column)
                k_first, k_last = _cells(column, in_column, 2)
                for k in range(k_first, k_last + 1):
                    in_piece = _cut(column, in_column, 2, k, spare, piece)
                    area, moment = _area_and_moment(piece, in_piece)
                    # The sums from above, below, give all voxels under this one the whole area.
                    shares[i, j, k] += moment - k * area
                    shares[i, j, k - 1] += (k + 1) * area - moment
    _sum_from_above(shares)


@njit(nogil=True)
def _sum_from_above(shares: Float64) -> None:
    ni, nj, nk = shares.shape
    for i in range(ni):
        for j in range(nj):
            for k in range(nk - 2, -1, -1):
                shares[i, j, k] += shares[i, j, k + 1]


@njit(nogil=True)
def _cells(polygon: Points, count: int, axis: int) -> tuple[int, int]:
    """Return the first and the last cell along an axis that a polygon reaches; the last before the first for none."""
    if count == 0:
        return 0, -1
    low, high = polygon[0, axis], polygon[0, axis]
    for n in range(1, count):
        low, high = min(low, polygon[n, axis]), max(high, polygon[n, axis])
    return int(np.floor(low)), max(int(np.floor(low)), int(np.ceil(high)) - 1)


@njit(nogil=True)
def _cut(polygon: Points, count: int, axis: int, cell: int, spare: Points, out: Points) -> int:
    """Write the part of a polygon between `cell` and `cell` + 1 along an axis, and return its number of vertices."""
    between = _keep(polygon, count, axis, float(cell), 1.0, spare)
    return _keep(spare, between, axis, float(cell + 1), -1.0, out)


@njit(nogil=True)
def _keep(polygon: Points, count: int, axis: int, bound: float, sign: float, out: Points) -> int:
    """Write the part of a polygon with sign * (x - bound) >= 0, and return its number of vertices."""
    kept = 0
    for n in range(count):
        m = n + 1 if n + 1 < count else 0
        here, there = sign * (polygon[n, axis] - bound), sign * (polygon[m, axis] - bound)
        if here >= 0.0:
            for c in range(3):
                out[kept, c] = polygon[n, c]
            kept += 1
        if (here > 0.0 and there < 0.0) or (here < 0.0 and there > 0.0):
            t = here / (here - there)
            for c in range(3):
                out[kept, c] = polygon[n, c] + t * (polygon[m, c] - polygon[n, c])
            out[kept, axis] = bound
            kept += 1
    return kept


@njit(nogil=True)
def _area_and_moment(polygon: Points, count: int) -> tuple[float, float]:
    """Return a polygon's area as seen along k, positive if it faces up, and the integral of its height over it."""
    area, moment = 0.0, 0.0
    x, y = polygon[0, 0], polygon[0, 1]
    for n in range(1, count - 1):
        part = 0.5 * ((polygon[n, 0] - x) * (polygon[n + 1, 1] - y) - (polygon[n + 1, 0] - x) * (polygon[n, 1] - y))
        area += part
        moment += part * (polygon[0, 2] + polygon[n, 2] + polygon[n + 1, 2]) / 3.0
    return area, moment


def add_shares_twin(vertices: Points, faces: NDArray[np.int64], shares: Float64) -> None:
    """Write what `add_shares` does, voxel by voxel: the part above the ceiling counts whole, that within by height."""
    for facet in vertices[faces]:
        for i, j, k in np.ndindex(shares.shape):
            column = [*facet]
            for axis, cell in ((0, i), (1, j)):
                column = _cut_twin(_cut_twin(column, axis, cell, 1), axis, cell + 1, -1)
            within = _cut_twin(_cut_twin(column, 2, k, 1), 2, k + 1, -1)
            area, moment = _moment_twin(within)
            shares[i, j, k] += _moment_twin(_cut_twin(column, 2, k + 1, 1))[0] + moment - k * area


def _cut_twin(polygon: list[Vec3], axis: int, bound: float, sign: int) -> list[Vec3]:
    kept: list[Vec3] = []
    for n, point in enumerate(polygon):
        after = polygon[(n + 1) % len(polygon)]
        here, there = sign * (point[axis] - bound), sign * (after[axis] - bound)
        if here >= 0:
            kept.append(point)
        if here * there < 0:
            kept.append(point + here / (here - there) * (after - point))
    return kept


def _moment_twin(polygon: list[Vec3]) -> tuple[float, float]:
    area, moment = 0.0, 0.0
    for b, c in zip(polygon[1:-1], polygon[2:], strict=True):
        a = polygon[0]
        part = 0.5 * float(np.cross(b - a, c - a)[2])
        area += part
        moment += part * float(a[2] + b[2] + c[2]) / 3
    return area, moment
