"""The places of a view's edges, what pictures do there, and means over their neighbourhoods: compiled, float32.

They are parts of `similarity.edge_kernels`; the twin of all of it is `edge_equations.edge_equations_twin`.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fluoropose.arrays import Float32
from fluoropose.imaging.filters import slope_along, slope_down

__all__ = [
    "BLOCK",
    "EDGE_SHARE",
    "RIM",
    "UNKNOWNS",
    "cells_of",
    "edge_derivatives",
    "find_edges",
    "neighbourhood_means",
    "used_places",
]

EDGE_SHARE = 0.1
"""Gradients above this share of the steepest are the view's edges."""

BLOCK = 16
"""Contrast is fitted over 3 x 3 blocks of so many pixels."""

RIM = 2
"""Pixels at the picture's border that are left out, for lack of neighbours."""

UNKNOWNS = 7
"""The six of the residual, and the logarithm of the floor."""


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def find_edges(view: Float32) -> NDArray[np.int32]:
    """Return row and column of every pixel where the view has an edge, int32 (2, count)."""
    rows, columns = view.shape
    steepness, most = np.zeros((rows, columns), np.float32), np.float32(0.0)
    for v in range(RIM, rows - RIM):
        here, above, below = view[v], view[v - 1], view[v + 1]
        for u in range(RIM, columns - RIM):
            down, along = np.float32(0.5) * (below[u] - above[u]), np.float32(0.5) * (here[u + 1] - here[u - 1])
            square = down * down + along * along
            steepness[v, u] = square
            most = max(most, square)
    least = np.float32(EDGE_SHARE**2) * most
    places, count = np.empty((2, rows * columns), np.int32), 0
    for v in range(RIM, rows - RIM):
        for u in range(RIM, columns - RIM):
            if steepness[v, u] > least:
                places[0, count], places[1, count] = v, u
                count += 1
    return places[:, :count].copy()


@njit(cache=True, nogil=True)
def used_places(places: NDArray[np.int32], unused: Float32) -> NDArray[np.int32]:
    """Return the places (2, count) where the frame is compared, and so are the neighbours that derivatives look at."""
    out, count = np.empty(places.shape, np.int32), 0
    for k in range(places.shape[1]):
        v, u = places[0, k], places[1, k]
        near = unused[v, u] + unused[v - 1, u] + unused[v + 1, u] + unused[v, u - 1] + unused[v, u + 1]
        if near <= np.float32(0.0):
            out[0, count], out[1, count] = v, u
            count += 1
    return out[:, :count].copy()


@njit(inline="always")
def edge_derivatives(
    pictures: Float32,
    places: NDArray[np.int32],
    corner: tuple[int, int],
    size: int,
    pixel_mm: float,
    range_mm: float,
    frame: Float32,
    view: Float32,
    change: Float32,
) -> None:
    """Write, at the places, the derivatives down and along of the frame, the view, and the view's seven changes."""
    seen, shown = pictures[0], pictures[1]
    half = np.float32(0.5)
    middle = np.float32(0.5 * (size - 1))
    per_mm, per_range = np.float32(1.0 / pixel_mm), np.float32(1.0 / range_mm)
    first_row, first_column = np.float32(corner[0]) - middle, np.float32(corner[1]) - middle
    for k in range(places.shape[1]):
        v, u = places[0, k], places[1, k]
        frame[0, k], frame[1, k] = slope_down(seen, v, u), slope_along(seen, v, u)
        view[0, k], view[1, k] = slope_down(shown, v, u), slope_along(shown, v, u)
        for axis in range(2):
            # Of each change the neighbour ahead and the one behind, down the columns first, then along the rows.
            i, j = v + 1 - axis, u + axis
            g, h = v - 1 + axis, u - axis
            down, along = slope_down(shown, i, j), slope_along(shown, i, j)
            down_behind, along_behind = slope_down(shown, g, h), slope_along(shown, g, h)
            x, y = np.float32(j) + first_column, np.float32(i) + first_row
            p, q = np.float32(h) + first_column, np.float32(g) + first_row
            change[0, axis, k] = half * per_mm * (along_behind - along)
            change[1, axis, k] = half * per_mm * (down_behind - down)
            ahead, behind = x * along + y * down, p * along_behind + q * down_behind
            change[2, axis, k] = half * per_range * (ahead - behind)
            ahead, behind = y * along - x * down, q * along_behind - p * down_behind
            change[3, axis, k] = half * (ahead - behind)
            for n in range(3):
                change[4 + n, axis, k] = half * (pictures[2 + n, i, j] - pictures[2 + n, g, h])


@njit(inline="always")
def cells_of(places: NDArray[np.int32], corner: tuple[int, int], blocks: int) -> tuple[NDArray[np.int32], Float32]:
    """Return each place's block and the one above and left of it, int32 (2, count), and how far beyond it is.

    Blocks are counted row by row in a grid with one more on each side; the other is the first of four that are
    interpolated between, in a grid without them.
    """
    count = places.shape[1]
    cells, shares = np.empty((2, count), np.int32), np.empty((2, count), np.float32)
    half, per, last = np.float32(0.5), np.float32(1.0 / BLOCK), np.float32(blocks - 1)
    for k in range(count):
        v, u = places[0, k] + np.int32(corner[0]), places[1, k] + np.int32(corner[1])
        y = min(max((np.float32(v) + half) * per - half, np.float32(0.0)), last)
        x = min(max((np.float32(u) + half) * per - half, np.float32(0.0)), last)
        i, j = min(np.int32(y), np.int32(blocks - 2)), min(np.int32(x), np.int32(blocks - 2))
        cells[0, k] = (v // BLOCK + 1) * (blocks + 2) + u // BLOCK + 1
        cells[1, k] = i * blocks + j
        shares[0, k], shares[1, k] = y - np.float32(i), x - np.float32(j)
    return cells, shares


@njit(inline="always")
def neighbourhood_means(values: Float32, cells: NDArray[np.int32], shares: Float32, blocks: int, out: Float32) -> None:
    """Write each place's mean over its neighbourhood (`filters.block_mean`) of values (n, count), 0 elsewhere."""
    kinds, count = values.shape
    wide = blocks + 2
    sums, small = np.zeros((wide * wide, kinds), np.float32), np.empty(blocks * blocks, np.float32)
    # All kinds in one loop: of one alone, each sum would wait for the sum before it.
    for k in range(count):
        cell = cells[0, k]
        for n in range(kinds):
            sums[cell, n] += values[n, k]
    for n in range(kinds):
        _spread(sums[:, n], blocks, small)
        to = out[n]
        for k in range(count):
            at, y, x = cells[1, k], shares[0, k], shares[1, k]
            top = small[at] + x * (small[at + 1] - small[at])
            low = small[at + blocks] + x * (small[at + blocks + 1] - small[at + blocks])
            to[k] = top + y * (low - top)


@njit(inline="always")
def _spread(sums: Float32, blocks: int, small: Float32) -> None:
    """Write means over three blocks each way; `sums` has one block more on each side, which repeats the outermost."""
    wide = blocks + 2
    for n in range(wide):
        sums[n], sums[(blocks + 1) * wide + n] = sums[wide + n], sums[blocks * wide + n]
    for n in range(wide):
        sums[n * wide], sums[n * wide + blocks + 1] = sums[n * wide + 1], sums[n * wide + blocks]
    share = np.float32(1.0 / (9.0 * BLOCK * BLOCK))
    for i in range(blocks):
        for j in range(blocks):
            total = np.float32(0.0)
            for a in range(3):
                for b in range(3):
                    total += sums[(i + a) * wide + j + b]
            small[i * blocks + j] = total * share
