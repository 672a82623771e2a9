"""Templates: pictures shrunk to a few pixels, and their products with parts of a larger picture.

Compiled functions have a slow, clear twin beside them.
"""

import numpy as np
from numba import njit

from fluoropose.arrays import Float32, Float64
from fluoropose.imaging.attenuation import VIEW_FLOOR, saturate
from fluoropose.imaging.filters import pool_blocks
from fluoropose.imaging.quick_math import quick_exp, quick_log

__all__ = ["correlate_about", "correlate_about_twin", "shrink_view", "shrink_view_twin"]


def shrink_view(lines: Float32, block: int) -> Float32:
    """Return line integrals (rows, columns) as a detector shows them, in means over block x block pixels."""
    out = np.empty((lines.shape[0] // block, lines.shape[1] // block), np.float32)
    _shrink_into(np.ascontiguousarray(lines, np.float32), block, out)
    return out


def shrink_view_twin(lines: Float32, block: int) -> Float32:
    """Return what `shrink_view` returns: its specification."""
    return pool_blocks(saturate(lines), block)


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def _shrink_into(lines: Float32, block: int, out: Float32) -> None:
    rows, columns = out.shape
    share, floor = np.float32(1.0 / (block * block)), np.float32(VIEW_FLOOR)
    shown = np.empty(columns * block, np.float32)
    for v in range(rows):
        shown[:] = 0.0
        for down in range(block):
            line = lines[v * block + down]
            for u in range(columns * block):
                shown[u] -= quick_log(quick_exp(-line[u]) + floor)
        for u in range(columns):
            total = np.float32(0.0)
            for along in range(block):
                total += shown[u * block + along]
            out[v, u] = total * share


def correlate_about(wide: Float32, templates: Float32, place: tuple[int, int], around: int) -> Float32:
    """Return the products of templates with a picture's parts about a place, (n, 2 around + 1, 2 around + 1).

    Parameters
    ----------
    wide : the picture, float32 (rows, columns)
    templates : float32 (n, side, side)
    place : the first row and column of the part in the middle
    around : how far the parts are moved each way; one that does not lie in the picture has minus infinity
    """
    side = 2 * around + 1
    out = np.full((len(templates), side, side), -np.inf, np.float32)
    _correlate_into(wide, templates, place[0] - around, place[1] - around, out)
    return out


def correlate_about_twin(wide: Float32, templates: Float32, place: tuple[int, int], around: int) -> Float64:
    """Return what `correlate_about` returns: its specification."""
    side, size = 2 * around + 1, templates.shape[1]
    out = np.full((len(templates), side, side), -np.inf)
    for down in range(side):
        for along in range(side):
            row, column = place[0] + down - around, place[1] + along - around
            if 0 <= row <= wide.shape[0] - size and 0 <= column <= wide.shape[1] - size:
                part = wide[row : row + size, column : column + size].astype(np.float64)
                out[:, down, along] = (templates * part).sum(axis=(1, 2))
    return out


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def _correlate_into(wide: Float32, templates: Float32, top: int, left: int, out: Float32) -> None:
    size = templates.shape[1]
    for down in range(max(-top, 0), min(out.shape[1], wide.shape[0] - size - top + 1)):
        for along in range(max(-left, 0), min(out.shape[2], wide.shape[1] - size - left + 1)):
            for n in range(templates.shape[0]):
                total = np.float32(0.0)
                for v in range(size):
                    seen, shown = wide[top + down + v, left + along :], templates[n, v]
                    for u in range(size):
                        total += seen[u] * shown[u]
                out[n, down, along] = total
