"""The compiled part of `similarity.gradient_correlation_equations`, float32, one thread.

That module says what is computed, and `correlation_equations_twin` there computes it in plain NumPy.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Float64, Mat33
from fluoropose.imaging.filters import slope_along, slope_down
from fluoropose.imaging.quick_math import quick_exp, quick_log
from fluoropose.imaging.sampling import bilinear_place, interpolate
from fluoropose.similarity.edge_places import RIM

__all__ = [
    "HALO",
    "MARGIN",
    "SMOOTH",
    "TAPS",
    "correlation_around",
    "correlation_inside",
    "gather_correlation_equations",
    "motion_derivatives",
    "show_line_integrals",
    "show_with_derivatives",
    "warp_turned_view",
]

MARGIN = 1 / 48
"""The window reaches beyond the view's edges by this share of the picture, on each side."""

TAPS = np.array([0.399050, 0.242036, 0.054006, 0.004433], np.float32)
"""A Gaussian with a standard deviation of one pixel, from its middle on; with both sides they sum to 1."""

SMOOTH = len(TAPS) - 1
"""So far does the smoothing reach, in pixels."""

HALO = SMOOTH + 2
"""Pixels that are needed around a window: for the smoothing, and for derivatives of derivatives."""

_DIRECTIONS = 2
_PARAMETERS = 6
_COLUMNS = _PARAMETERS + 3


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def correlation_around(seen: Float32, shown: Float32, places: NDArray[np.int32], margin: int) -> float:
    """Return the gradient correlation of two pictures, -1 to 1, in the window of places (2, count) with a margin."""
    rows, columns = shown.shape
    top, left, bottom, right = rows, columns, 0, 0
    for k in range(places.shape[1]):
        v, u = places[0, k], places[1, k]
        top, bottom, left, right = min(top, v), max(bottom, v), min(left, u), max(right, u)
    if places.shape[1] == 0:
        return 0.0
    top, left = max(top - margin, RIM), max(left - margin, RIM)
    return _correlation_in(
        seen, shown, top, left, min(bottom + margin, rows - 1 - RIM), min(right + margin, columns - 1 - RIM)
    )


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def correlation_inside(seen: Float32, shown: Float32) -> float:
    """Return the gradient correlation of two pictures, -1 to 1, in all but a border of `HALO` pixels."""
    rows, columns = seen.shape
    return _correlation_in(seen, shown, HALO, HALO, rows - HALO - 1, columns - HALO - 1)


@njit(inline="always")
def _correlation_in(seen: Float32, shown: Float32, top: int, left: int, bottom: int, right: int) -> float:
    """Return it between two rows and two columns, both included."""
    half = np.float32(0.5)
    total = 0.0
    for axis in range(_DIRECTIONS):
        f, m, ff, mm, fm = 0.0, 0.0, 0.0, 0.0, 0.0
        for v in range(top, bottom + 1):
            i, g = v + 1 - axis, v - 1 + axis
            for u in range(left, right + 1):
                a, b = half * (seen[i, u + axis] - seen[g, u - axis]), half * (shown[i, u + axis] - shown[g, u - axis])
                f, m, ff, mm, fm = f + a, m + b, ff + a * a, mm + b * b, fm + a * b
        count = max((bottom - top + 1) * (right - left + 1), 1)
        strengths = (ff - f * f / count) * (mm - m * m / count)
        if strengths > 0.0:
            total += (fm - f * m / count) / np.sqrt(strengths)
    return total / _DIRECTIONS


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def warp_turned_view(views: Float32, a: float, b: float, step_rad: float, to: Mat33, out: Float32) -> None:
    """Write a cached view turned by parts of a step, and its changes per rad, seen through a homography from `out`.

    `views` (5, size, size) are the view and its neighbours up and down in alpha, then in beta; `out` is (3, rows,
    columns).
    """
    size = views.shape[1]
    turned = np.empty((size, size, 3), np.float32)
    far_a, far_b, per_rad = np.float32(a), np.float32(b), np.float32(1.0 / step_rad)
    half, two = np.float32(0.5), np.float32(2.0)
    for v in range(size):
        for u in range(size):
            middle, up, down = views[0, v, u], views[1, v, u], views[2, v, u]
            right, left = views[3, v, u], views[4, v, u]
            a1, a2 = half * (up - down), half * (up + down) - middle
            b1, b2 = half * (right - left), half * (right + left) - middle
            turned[v, u, 0] = max(middle + far_a * (a1 + far_a * a2) + far_b * (b1 + far_b * b2), np.float32(0.0))
            turned[v, u, 1] = (a1 + two * far_a * a2) * per_rad
            turned[v, u, 2] = (b1 + two * far_b * b2) * per_rad
    for v in range(out.shape[1]):
        for u in range(out.shape[2]):
            w = 1.0 / (to[2, 0] * u + to[2, 1] * v + to[2, 2])
            x, y = (to[0, 0] * u + to[0, 1] * v + to[0, 2]) * w, (to[1, 0] * u + to[1, 1] * v + to[1, 2]) * w
            j, i, fx, fy = bilinear_place(size, size, x, y)
            for n in range(3):
                a0, b0, c0, d0 = turned[i, j, n], turned[i, j + 1, n], turned[i + 1, j, n], turned[i + 1, j + 1, n]
                out[n, v, u] = interpolate(a0, b0, c0, d0, fx, fy)


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def show_line_integrals(lines: Float32, floor: float, out: Float32) -> None:
    """Write what a detector shows of line integrals."""
    scatter = np.float32(floor)
    for v in range(lines.shape[0]):
        line, row = lines[v], out[v]
        for u in range(lines.shape[1]):
            row[u] = -quick_log(quick_exp(-max(line[u], np.float32(0.0))) + scatter)


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def show_with_derivatives(lines: Float32, turns: Float32, floor: float, out: Float32) -> None:
    """Write what a detector shows of line integrals, and how that changes as they do: (3, rows, columns)."""
    scatter, columns = np.float32(floor), lines.shape[1]
    share = np.empty(columns, np.float32)
    show_line_integrals(lines, floor, out[0])
    # Few arrays in a loop: the compiler makes no vector code where it would have to tell many apart.
    for v in range(lines.shape[0]):
        line = lines[v]
        for u in range(columns):
            passed = quick_exp(-max(line[u], np.float32(0.0)))
            share[u] = passed / (passed + scatter)
        for n in range(2):
            turn, to = turns[n, v], out[1 + n, v]
            for u in range(columns):
                to[u] = share[u] * turn[u]


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def motion_derivatives(
    shown: Float32, h: Mat33, to: Mat33, middle: float, mm: float, range_mm: float, out: Float32
) -> None:
    """Write how a picture changes with x, y, z and theta of a residual, (4, rows, columns); its border is left alone.

    `h` takes canonical pixels, `mm` wide about `middle`, to the picture's, and `to` is its inverse.
    """
    for v in range(SMOOTH + 1, shown.shape[0] - SMOOTH - 1):
        for u in range(SMOOTH + 1, shown.shape[1] - SMOOTH - 1):
            w = 1.0 / (to[2, 0] * u + to[2, 1] * v + to[2, 2])
            x, y = (to[0, 0] * u + to[0, 1] * v + to[0, 2]) * w, (to[1, 0] * u + to[1, 1] * v + to[1, 2]) * w
            per = 1.0 / (h[2, 0] * x + h[2, 1] * y + h[2, 2])
            along, down = slope_along(shown, v, u), slope_down(shown, v, u)
            # The slopes along canonical columns and rows: the picture's through the derivative of the homography.
            by_x = per * (along * (h[0, 0] - u * h[2, 0]) + down * (h[1, 0] - v * h[2, 0]))
            by_y = per * (along * (h[0, 1] - u * h[2, 1]) + down * (h[1, 1] - v * h[2, 1]))
            x, y = x - middle, y - middle
            out[0, v, u], out[1, v, u] = -by_x / mm, -by_y / mm
            out[2, v, u], out[3, v, u] = (x * by_x + y * by_y) / range_mm, y * by_x - x * by_y


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def gather_correlation_equations(pictures: Float32) -> Float64:
    """Return the equations of the mean correlation, (6, 8): information, vector, then the pixels' number and itself.

    `pictures` (8, rows, columns) are the frame, the view and its changes; of all but a border of `HALO` pixels.
    """
    rows, columns = pictures.shape[1] - 2 * HALO, pictures.shape[2] - 2 * HALO
    half, count = np.float32(0.5), rows * columns
    out, total = np.zeros((_PARAMETERS, _PARAMETERS + 2)), 0.0
    line = np.ones((_COLUMNS, columns), np.float32)
    sums, one = np.empty((_COLUMNS, _COLUMNS)), np.empty((_COLUMNS, _COLUMNS), np.float32)
    for axis in range(_DIRECTIONS):
        sums[:] = 0.0
        for v in range(HALO, HALO + rows):
            # The neighbour ahead and the one behind, down the columns first, then along the rows.
            i, g, ahead = v + 1 - axis, v - 1 + axis, HALO + axis
            for p in range(_COLUMNS - 1):
                for k in range(columns):
                    line[p + 1, k] = half * (pictures[p, i, k + ahead] - pictures[p, g, k + 2 * HALO - ahead])
            _sum_products(line, one)
            sums += one
        total += _add_direction(sums / count, out)
    out[0, _PARAMETERS + 1], out[1, _PARAMETERS + 1] = count, total / _DIRECTIONS
    return out


@njit(inline="always")
def _sum_products(line: Float32, out: Float32) -> None:
    """Write the sums of the rows' products with each other, the upper half."""
    for p in range(_COLUMNS):
        for q in range(p, _COLUMNS):
            total = np.float32(0.0)
            for k in range(line.shape[1]):
                total += line[p, k] * line[q, k]
            out[p, q] = total


@njit(inline="always")
def _add_direction(means: Float64, out: Float64) -> float:
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
