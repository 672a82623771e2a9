"""The compiled part of `similarity.edge_equations`, float32, one thread: weights, contrasts, sums over the edges.

That module says what is computed, and `edge_equations_twin` there computes it in plain NumPy with the same constants.
Quantities at the edges' places are arrays with one row per quantity, for vector instructions. Pictures are parts of the
canonical view (`similarity.edge_drawing`): `corner` is their first row and column, `size` the side of the whole view.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Float64
from fluoropose.similarity.edge_places import BLOCK, UNKNOWNS, cells_of, edge_derivatives, neighbourhood_means

__all__ = [
    "EVEN",
    "LEAST_CONTRAST",
    "LEAST_VARIANCE",
    "MEDIAN_OF_SQUARES",
    "OWN",
    "REJECT",
    "ROUNDS",
    "gather_equations",
]

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

LEAST_VARIANCE = 4e-6
"""Derivatives of line integrals are never believed to be more exact than 0.002: an empty frame must say nothing."""

MEDIAN_OF_SQUARES = 2.0 * np.log(2.0)
"""Median of the sum of two squared normal errors, in variances."""


_DOWN, _ALONG = 0, 1


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def gather_equations(
    pictures: Float32,
    places: NDArray[np.int32],
    corner: tuple[int, int],
    size: int,
    pixel_mm: float,
    range_mm: float,
    unlike: float = OWN,
) -> Float64:
    """Return information, vector and, in the last column, the agreement and the contrast: (7, 9).

    `places` are the edges of the view (`find_edges`). A squared residual of `unlike` times what the view itself shows
    there halves a weight.
    """
    count = places.shape[1]
    if count == 0:
        return np.zeros((UNKNOWNS, UNKNOWNS + 2))
    frame, view = np.empty((2, count), np.float32), np.empty((2, count), np.float32)
    change = np.empty((UNKNOWNS, 2, count), np.float32)
    edge_derivatives(pictures, places, corner, size, pixel_mm, range_mm, frame, view, change)
    blocks = size // BLOCK
    cells, shares = cells_of(places, corner, blocks)
    products, means = np.empty((2, count), np.float32), np.empty((2, count), np.float32)
    power, common, below, contrast = products[0], products[1], means[0], means[1]
    weight, misfit = np.ones(count, np.float32), np.empty(count, np.float32)
    variance, whole = np.float32(1.0), np.float32(1.0)
    one, zero, floor = np.float32(1.0), np.float32(0.0), np.float32(LEAST_VARIANCE)
    for _ in range(ROUNDS):
        powers, commons = np.float32(0.0), np.float32(0.0)
        for k in range(count):
            power[k] = weight[k] * (view[0, k] * view[0, k] + view[1, k] * view[1, k])
            common[k] = weight[k] * (frame[0, k] * view[0, k] + frame[1, k] * view[1, k])
            powers += power[k]
            commons += common[k]
        even = np.float32(EVEN / (size * size)) * powers
        whole = max(commons / powers, np.float32(1e-3))
        least_contrast = np.float32(LEAST_CONTRAST) * whole
        neighbourhood_means(products, cells, shares, blocks, means)
        for k in range(count):
            below[k] += even
            contrast[k] = max((contrast[k] + even * whole) / below[k], least_contrast)
            down, along = frame[0, k] - contrast[k] * view[0, k], frame[1, k] - contrast[k] * view[1, k]
            misfit[k] = down * down + along * along
        reach = np.float32(np.median(misfit) / (REJECT**-2.0 * MEDIAN_OF_SQUARES) + LEAST_VARIANCE)
        used, squares = np.float32(0.0), np.float32(0.0)
        for k in range(count):
            own = contrast[k] * contrast[k] * (view[0, k] * view[0, k] + view[1, k] * view[1, k])
            near = max(one - misfit[k] / reach, zero)
            weight[k] = near * near / (one + misfit[k] / (np.float32(unlike) * own))
            used += weight[k]
            squares += weight[k] * misfit[k]
        variance = squares / (np.float32(2.0) * used) + floor
    _subtract_contrast(change, view, weight, contrast, below, cells, shares, blocks)
    out = _sum_equations(frame, view, change, weight, contrast, variance)
    out[1, UNKNOWNS + 1] = whole
    return out


@njit(inline="always")
def _subtract_contrast(
    change: Float32,
    view: Float32,
    weight: Float32,
    contrast: Float32,
    below: Float32,
    cells: NDArray[np.int32],
    shares: Float32,
    blocks: int,
) -> None:
    """Take from each change, in place, what another contrast would explain, and multiply it with the contrast."""
    count = len(weight)
    part, share = np.empty((UNKNOWNS, count), np.float32), np.empty((UNKNOWNS, count), np.float32)
    for p in range(UNKNOWNS):
        down, along, to = change[p, _DOWN], change[p, _ALONG], part[p]
        for k in range(count):
            to[k] = weight[k] * (down[k] * view[0, k] + along[k] * view[1, k])
    neighbourhood_means(part, cells, shares, blocks, share)
    for p in range(UNKNOWNS):
        for k in range(count):
            share[p, k] /= below[k]
        for axis in range(2):
            one = change[p, axis]
            for k in range(count):
                one[k] = contrast[k] * (one[k] - view[axis, k] * share[p, k])


@njit(inline="always")
def _sum_equations(
    frame: Float32, view: Float32, jacobian: Float32, weight: Float32, contrast: Float32, variance: float
) -> Float64:
    count = len(weight)
    out = np.zeros((UNKNOWNS, UNKNOWNS + 2))
    both, first, second = np.float32(0.0), np.float32(0.0), np.float32(0.0)
    rest, weighed = np.empty((2, count), np.float32), np.empty((2, count), np.float32)
    for k in range(count):
        w = weight[k]
        m0, m1 = contrast[k] * view[0, k], contrast[k] * view[1, k]
        rest[0, k], rest[1, k] = frame[0, k] - m0, frame[1, k] - m1
        both += w * (frame[0, k] * m0 + frame[1, k] * m1)
        first += w * (frame[0, k] * frame[0, k] + frame[1, k] * frame[1, k])
        second += w * (m0 * m0 + m1 * m1)
    for p in range(UNKNOWNS):
        for axis in range(2):
            j, to = jacobian[p, axis], weighed[axis]
            for k in range(count):
                to[k] = weight[k] * j[k]
        for q in range(p + 1):
            out[p, q] = _dot(weighed[0], jacobian[q, 0]) + _dot(weighed[1], jacobian[q, 1])
            out[q, p] = out[p, q]
        out[p, UNKNOWNS] = _dot(weighed[0], rest[0]) + _dot(weighed[1], rest[1])
    out /= variance
    out[0, UNKNOWNS + 1] = both / np.sqrt(first * second + np.float32(1e-30))
    return out


@njit(inline="always")
def _dot(first: Float32, second: Float32) -> float:
    total = np.float32(0.0)
    for k in range(len(first)):
        total += first[k] * second[k]
    return float(total)
