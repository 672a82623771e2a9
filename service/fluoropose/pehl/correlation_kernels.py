"""The compiled part of `pehl.correlation`, float32, one thread: a millisecond and a half for 192 x 192 pixels.

What it computes is said there, and in plain NumPy by `correlation.correlation_equations_twin`.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Float64
from fluoropose.pehl.edge_kernels import RIM, derivatives, edge_places

__all__ = ["MARGIN", "correlated", "correlation", "finer"]

MARGIN = 1 / 48
"""The window reaches beyond the view's edges by this share of the picture, on each side."""

_DIRECTIONS = 2
_PARAMETERS = 6


@njit(cache=True, fastmath=True, nogil=True)
def correlation(seen: Float32, shown: Float32) -> float:
    """Return the gradient correlation of two pictures, -1 to 1, in the window of the second one's edges."""
    places = _window(shown)
    half = np.float32(0.5)
    total = 0.0
    for axis in range(_DIRECTIONS):
        f, m, ff, mm, fm = 0.0, 0.0, 0.0, 0.0, 0.0
        for k in range(len(places)):
            v, u = places[k]
            i, j, g, h = v + 1 - axis, u + axis, v - 1 + axis, u - axis
            a, b = half * (seen[i, j] - seen[g, h]), half * (shown[i, j] - shown[g, h])
            f, m, ff, mm, fm = f + a, m + b, ff + a * a, mm + b * b, fm + a * b
        count = max(len(places), 1)
        strengths = (ff - f * f / count) * (mm - m * m / count)
        if strengths > 0.0:
            total += (fm - f * m / count) / np.sqrt(strengths)
    return total / _DIRECTIONS


@njit(cache=True, fastmath=True, nogil=True)
def correlated(pictures: Float32, pixel_mm: float, range_mm: float) -> Float64:
    """Return the equations of the mean correlation, (6, 8): information, vector, then the pixels' number and itself."""
    out = np.zeros((_PARAMETERS, _PARAMETERS + 2))
    places = _window(pictures[1])
    count = len(places)
    if count == 0:
        return out
    frame, view = np.empty((count, 2), np.float32), np.empty((count, 2), np.float32)
    change = np.empty((count, 7, 2), np.float32)
    derivatives(pictures, places, pixel_mm, range_mm, frame, view, change)
    total = 0.0
    for axis in range(_DIRECTIONS):
        sums = _sums(frame, view, change, axis)
        total += _added(sums / count, out)
    out[0, _PARAMETERS + 1], out[1, _PARAMETERS + 1] = count, total / _DIRECTIONS
    return out


@njit(inline="always")
def _sums(frame: Float32, view: Float32, change: Float32, axis: int) -> Float64:
    """Return the sums of products of 1, frame, view and its six changes in one direction: (9, 9), the upper half."""
    sums = np.zeros((9, 9))
    row = np.empty(9)
    row[0] = 1.0
    for k in range(len(frame)):
        row[1], row[2] = frame[k, axis], view[k, axis]
        for p in range(_PARAMETERS):
            row[3 + p] = change[k, p, axis]
        for p in range(9):
            for q in range(p, 9):
                sums[p, q] += row[p] * row[q]
    return sums


@njit(inline="always")
def _added(means: Float64, out: Float64) -> float:
    """Add one direction's part to the equations, and return its correlation."""
    ff = means[1, 1] - means[0, 1] ** 2
    mm = means[2, 2] - means[0, 2] ** 2
    if ff <= 0.0 or mm <= 0.0:
        return 0.0
    fm = means[1, 2] - means[0, 1] * means[0, 2]
    strength = np.sqrt(ff * mm)
    agreed = fm / strength
    believed = max(agreed, 1e-3)
    for p in range(_PARAMETERS):
        jf = means[1, 3 + p] - means[0, 1] * means[0, 3 + p]
        jm = means[2, 3 + p] - means[0, 2] * means[0, 3 + p]
        out[p, _PARAMETERS] += (jf - jm * fm / mm) / strength
        for q in range(_PARAMETERS):
            a, b = min(p, q), max(p, q)
            jj = means[3 + a, 3 + b] - means[0, 3 + p] * means[0, 3 + q]
            other = means[2, 3 + q] - means[0, 2] * means[0, 3 + q]
            out[p, q] += believed * (jj - jm * other / mm) / mm
    return agreed


@njit(inline="always")
def _window(shown: Float32) -> NDArray[np.int64]:
    """Return row and column of every pixel of the box around a picture's edges, with a margin, (count, 2)."""
    edges = edge_places(shown)
    size = shown.shape[0]
    margin = int(MARGIN * size)
    if len(edges) == 0:
        return edges
    top, left, bottom, right = size, size, 0, 0
    for k in range(len(edges)):
        v, u = edges[k]
        top, bottom, left, right = min(top, v), max(bottom, v), min(left, u), max(right, u)
    top, left = max(top - margin, RIM), max(left - margin, RIM)
    bottom, right = min(bottom + margin, size - 1 - RIM), min(right + margin, size - 1 - RIM)
    places = np.empty(((bottom - top + 1) * (right - left + 1), 2), np.int64)
    k = 0
    for v in range(top, bottom + 1):
        for u in range(left, right + 1):
            places[k, 0], places[k, 1] = v, u
            k += 1
    return places


@njit(cache=True, fastmath=True, nogil=True)
def finer(image: Float32, size: int) -> Float32:
    """Return a square picture with `size` pixels of the same field, by cubic convolution, the border repeated."""
    return _finer_down(_finer_down(image, size), size)


@njit(inline="always")
def _finer_down(image: Float32, size: int) -> Float32:
    """Return a picture (rows, columns) as (columns, size): finer down its columns, transposed."""
    rows, columns = image.shape
    out = np.empty((columns, size), np.float32)
    line = np.empty(columns, np.float32)
    for v in range(size):
        y = (v + 0.5) * rows / size - 0.5
        i = int(np.floor(y))
        t = y - i
        line[:] = 0.0
        for k in range(4):
            if k == 0:
                w = -0.5 * t + t * t - 0.5 * t * t * t
            elif k == 1:
                w = 1.0 - 2.5 * t * t + 1.5 * t * t * t
            elif k == 2:
                w = 0.5 * t + 2.0 * t * t - 1.5 * t * t * t
            else:
                w = -0.5 * t * t + 0.5 * t * t * t
            row = min(max(i - 1 + k, 0), rows - 1)
            for u in range(columns):
                line[u] += np.float32(w) * image[row, u]
        for u in range(columns):
            out[u, v] = line[u]
    return out
