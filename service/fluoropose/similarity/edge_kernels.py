"""The compiled part of `similarity.edge_equations`, float32, one thread: half a millisecond for 128 x 128 pixels.

That module says what is computed, and `edge_equations_twin` there computes it in plain NumPy with the same constants.
"""

import numpy as np
from numba import njit

from fluoropose.arrays import Float32, Float64, Mat33
from fluoropose.imaging.filters import blur_into, gradients, slope_along, slope_down
from fluoropose.imaging.sampling import sample_bilinear, warp_into

__all__ = [
    "BLOCK",
    "CONTRAST",
    "DETECTOR_BLUR",
    "EDGE_SHARE",
    "EVEN",
    "HARDENING",
    "LEAST_CONTRAST",
    "LEAST_VARIANCE",
    "MEDIAN_OF_SQUARES",
    "OWN",
    "REJECT",
    "RIM",
    "ROUNDS",
    "draw_edge_pictures",
    "edge_derivatives",
    "find_edges",
    "gather_equations",
]

CONTRAST, HARDENING = 1.16, 0.3
"""A line integral L is shown as -log(exp(-1.16 L / sqrt(1 + 0.3 L)) + floor): about what fits simulated frames best.

The floor, scatter over what comes through beside the object, is fitted; to fit the other two as well is not better
(docs/decisions/edges-at-the-end.md).
"""

NEXT = 0.13
"""Share of each of two neighbours in the detector's blur, half a pixel."""

DETECTOR_BLUR = np.array([1.0 - 2.0 * NEXT, NEXT], np.float32)
"""Weights of the detector's blur from the middle on."""

EDGE_SHARE = 0.1
"""Gradients above this share of the steepest are the view's edges."""

BLOCK = 16
"""Contrast is fitted over 3 x 3 blocks of so many pixels."""

EVEN = 0.1
"""How much the picture's one contrast counts in a neighbourhood, in the edges' mean strength."""

LEAST_CONTRAST = 0.05
"""A neighbourhood's contrast is at least this share of the picture's: edges do not change their sign."""

REJECT = 5.0
"""Residuals beyond so many standard deviations count nothing."""

OWN = 2.0
"""A squared residual of so many times what the view itself shows there halves a weight: another object's edge."""

ROUNDS = 2
"""How often weights and contrast are found from each other."""

RIM = 2
"""Pixels at the picture's border that are left out, for lack of neighbours."""

LEAST_VARIANCE = 4e-6
"""Derivatives of line integrals are never believed to be more exact than 0.002: an empty frame must say nothing."""

MEDIAN_OF_SQUARES = 2.0 * np.log(2.0)
"""Median of the sum of two squared normal errors, in variances."""


@njit(cache=True, fastmath=True, nogil=True)
def draw_edge_pictures(
    frame: Float32, homography: Mat33, views: Float32, a: float, b: float, step_rad: float, floor: float, out: Float32
) -> None:
    """Write the frame, the view as shown, and its changes with alpha, beta and the floor's logarithm.

    `a` and `b` are the steps of the grid from the cached view to the pose, `out` is (5, size, size).
    """
    size = views.shape[1]
    through, by_alpha, by_beta, by_floor = out[1], out[2], out[3], out[4]
    warp_into(frame, homography, out[0])
    sharp = np.empty((3, size, size), np.float32)
    _transmit(views, np.float32(a), np.float32(b), np.float32(1.0 / step_rad), sharp[0], sharp[1], sharp[2])
    for n in range(3):
        blur_into(sharp[n], DETECTOR_BLUR, False, out[1 + n])
    for v in range(size):
        for u in range(size):
            shown = through[v, u] + np.float32(floor)
            through[v, u] = -np.log(shown)
            by_alpha[v, u] /= shown
            by_beta[v, u] /= shown
            by_floor[v, u] = -np.float32(floor) / shown


@njit(inline="always")
def _transmit(
    views: Float32, a: float, b: float, per_rad: float, through: Float32, by_alpha: Float32, by_beta: Float32
) -> None:
    """Write what passes the turned object, hardened, and what an alpha and a beta take from it."""
    size = views.shape[1]
    half, one, two = np.float32(0.5), np.float32(1.0), np.float32(2.0)
    contrast, hardening = np.float32(CONTRAST), np.float32(HARDENING)
    for v in range(size):
        for u in range(size):
            middle, up, down = views[0, v, u], views[1, v, u], views[2, v, u]
            right, left = views[3, v, u], views[4, v, u]
            a1, a2 = half * (up - down), half * (up + down) - middle
            b1, b2 = half * (right - left), half * (right + left) - middle
            line = max(middle + a * (a1 + a * a2) + b * (b1 + b * b2), np.float32(0.0))
            root = one / np.sqrt(one + hardening * line)
            passed = np.exp(-contrast * line * root)
            slope = passed * contrast * (one + half * hardening * line) * root * root * root * per_rad
            through[v, u] = passed
            by_alpha[v, u] = slope * (a1 + two * a * a2)
            by_beta[v, u] = slope * (b1 + two * b * b2)


@njit(cache=True, fastmath=True, nogil=True)
def gather_equations(pictures: Float32, pixel_mm: float, range_mm: float, unlike: float = OWN) -> Float64:
    """Return information, vector and, in the last column, the agreement: (7, 9).

    A squared residual of `unlike` times what the view itself shows there halves a weight.
    """
    places = find_edges(pictures[1])
    count = len(places)
    if count == 0:
        return np.zeros((7, 9))
    frame, view = np.empty((count, 2), np.float32), np.empty((count, 2), np.float32)
    change = np.empty((count, 7, 2), np.float32)
    edge_derivatives(pictures, places, pixel_mm, range_mm, frame, view, change)
    power, common = np.empty(count, np.float32), np.empty(count, np.float32)
    weight, contrast, misfit = np.ones(count, np.float32), np.empty(count, np.float32), np.empty(count, np.float32)
    size = pictures.shape[1]
    blocks = size // BLOCK
    small = np.empty((blocks, blocks), np.float32)
    below = np.empty(count, np.float32)
    variance = 1.0
    for _ in range(ROUNDS):
        for k in range(count):
            power[k] = weight[k] * (view[k, 0] ** 2 + view[k, 1] ** 2)
            common[k] = weight[k] * (frame[k, 0] * view[k, 0] + frame[k, 1] * view[k, 1])
        even = np.float32(EVEN * power.sum() / (size * size))
        whole = np.float32(max(common.sum() / power.sum(), 1e-3))
        _neighbourhood_means(power, places, small, below)
        _neighbourhood_means(common, places, small, contrast)
        for k in range(count):
            below[k] += even
            contrast[k] = max((contrast[k] + even * whole) / below[k], np.float32(LEAST_CONTRAST) * whole)
            misfit[k] = (frame[k, 0] - contrast[k] * view[k, 0]) ** 2 + (frame[k, 1] - contrast[k] * view[k, 1]) ** 2
        least = np.median(misfit) / (REJECT**-2.0 * MEDIAN_OF_SQUARES) + LEAST_VARIANCE
        used = 0.0
        squares = 0.0
        for k in range(count):
            own = contrast[k] ** 2 * (view[k, 0] ** 2 + view[k, 1] ** 2)
            weight[k] = max(1.0 - misfit[k] / least, 0.0) ** 2 / (1.0 + misfit[k] / (unlike * own))
            used += weight[k]
            squares += weight[k] * misfit[k]
        variance = squares / (2.0 * used) + LEAST_VARIANCE
    return _sum_equations(frame, view, change, weight, contrast, below, places, small, variance)


@njit(inline="always")
def _sum_equations(
    frame: Float32,
    view: Float32,
    change: Float32,
    weight: Float32,
    contrast: Float32,
    below: Float32,
    places: Float32,
    small: Float32,
    variance: float,
) -> Float64:
    count = len(places)
    part, share = np.empty(count, np.float32), np.empty((7, count), np.float32)
    for p in range(7):
        for k in range(count):
            part[k] = weight[k] * (change[k, p, 0] * view[k, 0] + change[k, p, 1] * view[k, 1])
        _neighbourhood_means(part, places, small, share[p])
    out = np.zeros((7, 9))
    both, first, second = 0.0, 0.0, 0.0
    j = np.empty((7, 2))
    for k in range(count):
        if weight[k] <= 0.0:
            continue
        a, w = contrast[k], weight[k] / variance
        for p in range(7):
            rest = share[p, k] / below[k]
            j[p, 0] = a * (change[k, p, 0] - view[k, 0] * rest)
            j[p, 1] = a * (change[k, p, 1] - view[k, 1] * rest)
        m0, m1 = a * view[k, 0], a * view[k, 1]
        r0, r1 = frame[k, 0] - m0, frame[k, 1] - m1
        for p in range(7):
            for q in range(p + 1):
                out[p, q] += w * (j[p, 0] * j[q, 0] + j[p, 1] * j[q, 1])
            out[p, 7] += w * (j[p, 0] * r0 + j[p, 1] * r1)
        both += weight[k] * (frame[k, 0] * m0 + frame[k, 1] * m1)
        first += weight[k] * (frame[k, 0] ** 2 + frame[k, 1] ** 2)
        second += weight[k] * (m0 * m0 + m1 * m1)
    for p in range(7):
        for q in range(p):
            out[q, p] = out[p, q]
    out[0, 8] = both / np.sqrt(first * second + 1e-30)
    return out


@njit(inline="always")
def find_edges(view: Float32) -> Float32:
    """Return row and column of every pixel where the view has an edge, int64 (count, 2)."""
    size = view.shape[0]
    steepness = np.zeros((size, size), np.float32)
    for v in range(RIM, size - RIM):
        for u in range(RIM, size - RIM):
            steepness[v, u] = slope_down(view, v, u) ** 2 + slope_along(view, v, u) ** 2
    least = np.float32(EDGE_SHARE**2) * steepness.max()
    places = np.empty((size * size, 2), np.int64)
    count = 0
    for v in range(RIM, size - RIM):
        for u in range(RIM, size - RIM):
            if steepness[v, u] > least:
                places[count, 0], places[count, 1] = v, u
                count += 1
    return places[:count]


@njit(inline="always")
def edge_derivatives(
    pictures: Float32,
    places: Float32,
    pixel_mm: float,
    range_mm: float,
    frame: Float32,
    view: Float32,
    change: Float32,
) -> None:
    """Write, at the places, the derivatives down and along of the frame, the view, and the view's seven changes."""
    seen, shown = pictures[0], pictures[1]
    size = seen.shape[0]
    half = np.float32(0.5)
    middle = np.float32(0.5 * (size - 1))
    per_mm, per_range = np.float32(1.0 / pixel_mm), np.float32(1.0 / range_mm)
    slopes = gradients(shown)
    down, along = slopes[0], slopes[1]
    for k in range(len(places)):
        v, u = places[k]
        frame[k, 0], frame[k, 1] = slope_down(seen, v, u), slope_along(seen, v, u)
        view[k, 0], view[k, 1] = down[v, u], along[v, u]
        for axis in range(2):
            # Of each change the neighbour ahead and the one behind, down the columns first, then along the rows.
            i, j = v + 1 - axis, u + axis
            g, h = v - 1 + axis, u - axis
            x, y, p, q = j - middle, i - middle, h - middle, g - middle
            change[k, 0, axis] = half * per_mm * (along[g, h] - along[i, j])
            change[k, 1, axis] = half * per_mm * (down[g, h] - down[i, j])
            ahead, behind = x * along[i, j] + y * down[i, j], p * along[g, h] + q * down[g, h]
            change[k, 2, axis] = half * per_range * (ahead - behind)
            ahead, behind = y * along[i, j] - x * down[i, j], q * along[g, h] - p * down[g, h]
            change[k, 3, axis] = half * (ahead - behind)
            change[k, 4, axis] = half * (pictures[2, i, j] - pictures[2, g, h])
            change[k, 5, axis] = half * (pictures[3, i, j] - pictures[3, g, h])
            change[k, 6, axis] = half * (pictures[4, i, j] - pictures[4, g, h])


@njit(inline="always")
def _neighbourhood_means(values: Float32, places: Float32, small: Float32, out: Float32) -> None:
    """Write each place's mean over its neighbourhood (`filters.block_mean`) of values that are 0 elsewhere."""
    blocks = small.shape[0]
    sums = np.zeros((blocks + 2, blocks + 2), np.float32)
    for k in range(len(places)):
        sums[places[k, 0] // BLOCK + 1, places[k, 1] // BLOCK + 1] += values[k]
    for n in range(blocks + 2):
        sums[0, n], sums[blocks + 1, n] = sums[1, n], sums[blocks, n]
    for n in range(blocks + 2):
        sums[n, 0], sums[n, blocks + 1] = sums[n, 1], sums[n, blocks]
    share = np.float32(1.0 / (9.0 * BLOCK * BLOCK))
    for i in range(blocks):
        for j in range(blocks):
            total = np.float32(0.0)
            for a in range(3):
                for b in range(3):
                    total += sums[i + a, j + b]
            small[i, j] = total * share
    for k in range(len(places)):
        y = (places[k, 0] + np.float32(0.5)) / BLOCK - np.float32(0.5)
        x = (places[k, 1] + np.float32(0.5)) / BLOCK - np.float32(0.5)
        out[k] = sample_bilinear(small, x, y)
