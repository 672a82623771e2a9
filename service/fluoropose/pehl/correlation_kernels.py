"""The compiled part of `pehl.correlation`, float32, one thread.

What it computes is said there, and in plain NumPy by `correlation.correlation_equations_twin`.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Float64, Mat33
from fluoropose.pehl.edge_kernels import RIM, edge_places, sampled

__all__ = ["HALO", "MARGIN", "SMOOTH", "TAPS", "close_pictures", "correlated", "correlation"]

MARGIN = 1 / 48
"""The window reaches beyond the view's edges by this share of the picture, on each side."""

TAPS = (np.float32(0.399050), np.float32(0.242036), np.float32(0.054006), np.float32(0.004433))
"""A Gaussian with a standard deviation of one pixel, from its middle on; with both sides they sum to 1."""

SMOOTH = len(TAPS) - 1
"""So far does the smoothing reach, in pixels."""

HALO = SMOOTH + 2
"""Pixels that are needed around a window: for the smoothing, and for derivatives of derivatives."""

_DIRECTIONS = 2
_PARAMETERS = 6
_COLUMNS = _PARAMETERS + 3


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
def close_pictures(
    frame: Float32, h: Mat33, lines: Float32, turns: Float32, alpha: float, beta: float,
    left: int, top: int, size: int, floor: float, out: Float32,
) -> None:  # fmt: skip
    """Write the frame, the view as shown and its changes with alpha and beta, smoothed: (4, rows, columns) of `lines`.

    The view is `lines` turned on by a small alpha and beta.

    Where the smoothing reaches beyond the pictures, within `SMOOTH` of their border, nothing of use is written.
    """
    rows, columns = lines.shape
    scatter, one = np.float32(floor), np.float32(1.0)
    far_alpha, far_beta = np.float32(alpha), np.float32(beta)
    nothing = -np.log(one + scatter)
    share = turns.shape[1] / size
    shift = 0.5 * share - 0.5
    for v in range(rows):
        y = top + v
        for u in range(columns):
            x = left + u
            w = 1.0 / (h[2, 0] * x + h[2, 1] * y + h[2, 2])
            out[0, v, u] = sampled(
                frame, (h[0, 0] * x + h[0, 1] * y + h[0, 2]) * w, (h[1, 0] * x + h[1, 1] * y + h[1, 2]) * w
            )
            by_alpha = sampled(turns[0], share * x + shift, share * y + shift)
            by_beta = sampled(turns[1], share * x + shift, share * y + shift)
            line = lines[v, u] + far_alpha * by_alpha + far_beta * by_beta
            passed = np.exp(-line) if line > np.float32(0.0) else one
            out[1, v, u] = -np.log(passed + scatter) if line > np.float32(0.0) else nothing
            change = passed / (passed + scatter)
            out[2, v, u], out[3, v, u] = change * by_alpha, change * by_beta
    scratch = np.empty((rows, columns), np.float32)
    for image in out:
        _smoothed(image, scratch)


@njit(inline="always")
def _smoothed(image: Float32, scratch: Float32) -> None:
    """Smooth a picture in place by a Gaussian of a pixel's standard deviation."""
    rows, columns = image.shape
    w0, w1, w2, w3 = TAPS
    for v in range(SMOOTH, rows - SMOOTH):
        for u in range(columns):
            scratch[v, u] = (
                w0 * image[v, u]
                + w1 * (image[v - 1, u] + image[v + 1, u])
                + w2 * (image[v - 2, u] + image[v + 2, u])
                + w3 * (image[v - 3, u] + image[v + 3, u])
            )
    for v in range(SMOOTH, rows - SMOOTH):
        for u in range(SMOOTH, columns - SMOOTH):
            image[v, u] = (
                w0 * scratch[v, u]
                + w1 * (scratch[v, u - 1] + scratch[v, u + 1])
                + w2 * (scratch[v, u - 2] + scratch[v, u + 2])
                + w3 * (scratch[v, u - 3] + scratch[v, u + 3])
            )


@njit(cache=True, fastmath=True, nogil=True)
def correlated(pictures: Float32, left: int, top: int, size: int, pixel_mm: float, range_mm: float) -> Float64:
    """Return the equations of the mean correlation, (6, 8): information, vector, then the pixels' number and itself.

    Of `close_pictures`, all but a border of `HALO` pixels.
    """
    rows, columns = pictures.shape[1:]
    shown = pictures[1]
    half = np.float32(0.5)
    down, along = np.zeros((rows, columns), np.float32), np.zeros((rows, columns), np.float32)
    for v in range(SMOOTH + 1, rows - SMOOTH - 1):
        for u in range(SMOOTH + 1, columns - SMOOTH - 1):
            down[v, u] = half * (shown[v + 1, u] - shown[v - 1, u])
            along[v, u] = half * (shown[v, u + 1] - shown[v, u - 1])
    wide = columns - 2 * HALO
    count = (rows - 2 * HALO) * wide
    out, total = np.zeros((_PARAMETERS, _PARAMETERS + 2)), 0.0
    line = np.empty((_COLUMNS, wide), np.float32)
    sums, one = np.empty((_COLUMNS, _COLUMNS)), np.empty((_COLUMNS, _COLUMNS), np.float32)
    for axis in range(_DIRECTIONS):
        sums[:] = 0.0
        for v in range(HALO, rows - HALO):
            _line(pictures, down, along, v, axis, left, top, size, pixel_mm, range_mm, line)
            _products(line, one)
            sums += one
        total += _added(sums / count, out)
    out[0, _PARAMETERS + 1], out[1, _PARAMETERS + 1] = count, total / _DIRECTIONS
    return out


@njit(inline="always")
def _line(
    pictures: Float32, down: Float32, along: Float32, v: int, axis: int, left: int, top: int, size: int,
    pixel_mm: float, range_mm: float, out: Float32,
) -> None:  # fmt: skip
    """Write one row's 1, frame, view and its six changes, all but the first as derivatives in one direction."""
    half = np.float32(0.5)
    per_mm, per_range = np.float32(0.5 / pixel_mm), np.float32(0.5 / range_mm)
    middle = np.float32(0.5 * (size - 1))
    # The neighbour ahead and the one behind, down the columns first, then along the rows.
    i, g, ahead = v + 1 - axis, v - 1 + axis, axis
    y, q = np.float32(top + i) - middle, np.float32(top + g) - middle
    for k in range(out.shape[1]):
        j, h = k + HALO + ahead, k + HALO - ahead
        x, p = np.float32(left + j) - middle, np.float32(left + h) - middle
        out[0, k] = np.float32(1.0)
        out[1, k] = half * (pictures[0, i, j] - pictures[0, g, h])
        out[2, k] = half * (pictures[1, i, j] - pictures[1, g, h])
        out[3, k] = per_mm * (along[g, h] - along[i, j])
        out[4, k] = per_mm * (down[g, h] - down[i, j])
        out[5, k] = per_range * (x * along[i, j] + y * down[i, j] - p * along[g, h] - q * down[g, h])
        out[6, k] = half * (y * along[i, j] - x * down[i, j] - q * along[g, h] + p * down[g, h])
        out[7, k] = half * (pictures[2, i, j] - pictures[2, g, h])
        out[8, k] = half * (pictures[3, i, j] - pictures[3, g, h])


@njit(inline="always")
def _products(line: Float32, out: Float32) -> None:
    """Write the sums of the rows' products with each other, the upper half."""
    for p in range(_COLUMNS):
        for q in range(p, _COLUMNS):
            total = np.float32(0.0)
            for k in range(line.shape[1]):
                total += line[p, k] * line[q, k]
            out[p, q] = total


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
