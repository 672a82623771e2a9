"""The pictures of `similarity.edge_equations`, compiled, float32, one thread, where the object can show and no further.

What is drawn is a part of the canonical view: the box of all pixels that the object touches in the cached views, with
`PAD` more on each side. Beyond it the view is even, and has no edges. `edge_pictures_twin` draws all of the view in
plain NumPy with the same constants.
"""

import numpy as np
from numba import njit

from fluoropose.arrays import Float32, Mat33
from fluoropose.imaging.filters import blur_into
from fluoropose.imaging.quick_math import quick_exp, quick_log
from fluoropose.imaging.sampling import warp_part_into

__all__ = ["Box", "CONTRAST", "DETECTOR_BLUR", "HARDENING", "MEAN_BLUR", "PAD", "draw_edge_pictures", "object_box"]

CONTRAST, HARDENING = 1.16, 0.3
"""A line integral L is shown as -log(exp(-1.16 L / sqrt(1 + 0.3 L)) + floor): about what fits simulated frames best.

The floor, scatter over what comes through beside the object, is fitted; to fit the other two as well is not better
(docs/decisions/edges-at-the-end.md).
"""

NEXT = 0.13
"""Share of each of two neighbours in the detector's blur, half a pixel."""

DETECTOR_BLUR = np.array([1.0 - 2.0 * NEXT, NEXT], np.float32)
"""Weights of the detector's blur from the middle on."""

MEAN_NEXT = NEXT - 1.0 / 24.0
MEAN_BLUR = np.array([1.0 - 2.0 * MEAN_NEXT, MEAN_NEXT], np.float32)
"""The same for views whose pixels are means over their area: that is a blur of 1/12 pixel squared already."""

PAD = 10
"""Pixels around the object: for the blur, derivatives of derivatives, and the margin of the window of edges."""

Box = tuple[int, int, int, int]
"""First row, first column, rows and columns of a part of the canonical view."""


@njit(cache=True, nogil=True)
def object_box(views: Float32, pad: int) -> Box:
    """Return the box of all pixels that are not 0 in some view (n, size, size), and `pad` more; of none, all of it."""
    count, size = views.shape[0], views.shape[1]
    top, bottom, left, right = size, -1, size, -1
    seen = np.zeros(size, np.bool_)
    for v in range(size):
        touched = False
        for n in range(count):
            row = views[n, v]
            for u in range(size):
                here = row[u] != np.float32(0.0)
                seen[u] |= here
                touched |= here
        if touched:
            top, bottom = min(top, v), v
    for u in range(size):
        if seen[u]:
            left, right = min(left, u), u
    if bottom < 0:
        return 0, 0, size, size
    top, left = max(top - pad, 0), max(left - pad, 0)
    return top, left, min(bottom + pad + 1, size) - top, min(right + pad + 1, size) - left


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def draw_edge_pictures(
    frame: Float32,
    homography: Mat33,
    views: Float32,
    corner: tuple[int, int],
    a: float,
    b: float,
    step_rad: float,
    floor: float,
    weights: Float32,
    out: Float32,
) -> None:
    """Write the frame, the view as shown, and its changes with alpha, beta and the floor's logarithm.

    `a` and `b` are the steps of the grid from the cached view to the pose. `out` (5, rows, columns) shows the part of
    the view from `corner` on, a row and a column. `weights` are those of the detector's blur.
    """
    rows, columns = out.shape[1], out.shape[2]
    through, by_alpha, by_beta, by_floor = out[1], out[2], out[3], out[4]
    warp_part_into(frame, homography, corner[0], corner[1], out[0])
    sharp = np.empty((3, rows, columns), np.float32)
    per_rad = np.float32(1.0 / step_rad)
    _transmit(views, corner, np.float32(a), np.float32(b), per_rad, sharp[0], sharp[1], sharp[2])
    for n in range(3):
        blur_into(sharp[n], weights, False, out[1 + n])
    scatter, share = np.float32(floor), np.empty(columns, np.float32)
    # Few arrays in a loop: the compiler makes no vector code where it would have to tell many apart.
    for v in range(rows):
        row = through[v]
        for u in range(columns):
            shown = row[u] + scatter
            share[u] = np.float32(1.0) / shown
            row[u] = -quick_log(shown)
        _multiply(by_alpha[v], share, by_alpha[v])
        _multiply(by_beta[v], share, by_beta[v])
        for u in range(columns):
            by_floor[v, u] = -scatter * share[u]


@njit(inline="always")
def _multiply(first: Float32, second: Float32, out: Float32) -> None:
    for u in range(len(out)):
        out[u] = first[u] * second[u]


@njit(inline="always")
def _transmit(
    views: Float32,
    corner: tuple[int, int],
    a: float,
    b: float,
    per_rad: float,
    through: Float32,
    by_alpha: Float32,
    by_beta: Float32,
) -> None:
    """Write what passes the turned object, hardened, and what an alpha and a beta take from it."""
    one, half = np.float32(1.0), np.float32(0.5)
    contrast, hardening = np.float32(CONTRAST), np.float32(HARDENING)
    top, left = corner
    columns = through.shape[1]
    line, slope = np.empty(columns, np.float32), np.empty(columns, np.float32)
    for v in range(through.shape[0]):
        # Rows as arrays of their own: of a computed place numba asks whether it counts from the end.
        middle, out = views[0, top + v, left:], through[v]
        for u in range(columns):
            line[u] = middle[u]
        _add_turn(middle, views[1, top + v, left:], views[2, top + v, left:], a, line, by_alpha[v])
        _add_turn(middle, views[3, top + v, left:], views[4, top + v, left:], b, line, by_beta[v])
        for u in range(columns):
            here = max(line[u], np.float32(0.0))
            root = one / np.sqrt(one + hardening * here)
            passed = quick_exp(-contrast * here * root)
            slope[u] = passed * contrast * (one + half * hardening * here) * root * root * root * per_rad
            out[u] = passed
        _multiply(by_alpha[v], slope, by_alpha[v])
        _multiply(by_beta[v], slope, by_beta[v])


@njit(inline="always")
def _add_turn(middle: Float32, ahead: Float32, behind: Float32, far: float, line: Float32, change: Float32) -> None:
    """Add what a turn by `far` steps does to a row, a parabola through three views, and write its change per step."""
    half, two = np.float32(0.5), np.float32(2.0)
    for u in range(len(change)):
        bent = half * (ahead[u] + behind[u]) - middle[u]
        line[u] += far * (half * (ahead[u] - behind[u]) + far * bent)
    for u in range(len(change)):
        bent = half * (ahead[u] + behind[u]) - middle[u]
        change[u] = half * (ahead[u] - behind[u]) + two * far * bent
