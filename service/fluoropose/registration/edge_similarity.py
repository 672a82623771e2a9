"""A second opinion at the end: do the frame's edges lie where the cached view's are? No network is asked.

Gradient correlation (`similarity.gradient`) of the frame in the canonical view and the nearest cached view, over the
cached view's edges. What the surroundings explain counts for nothing: a spine goes on where a vertebra is missing. A
network that has never seen some kind of empty frame may be sure of nothing; this is not.
`edge_similarity` is compiled; `edge_similarity_twin` is its slow, clear twin.
"""

import numpy as np
from numba import njit

from fluoropose.arrays import Float32, make_read_only
from fluoropose.drr.atlas import Atlas
from fluoropose.registration.refinement.costs.edges import warped
from fluoropose.registration.regression.numpy_step import saturate, warp_frame
from fluoropose.registration.regression.residual import ViewAlignment
from fluoropose.registration.regression.step import normalised_homography
from fluoropose.similarity.gradient import gradient_correlation, gradients

__all__ = ["body_edge_similarity", "edge_similarity", "edge_similarity_twin"]

_SMOOTH_PX = 1.5
"""Wider than the error of the nearest view, so that the step of the grid does not count as unlike."""

_EDGE_SHARE = 0.08
"""Gradients above this share of the steepest are the view's edges."""

_REACH = 6
"""Of the smoothing's kernel, pixels: four standard deviations."""

_BELL = np.exp(-0.5 * (np.arange(_REACH + 1) / _SMOOTH_PX) ** 2)
_WEIGHTS: Float32 = make_read_only((_BELL / (2.0 * _BELL.sum() - 1.0)).astype(np.float32))


def edge_similarity(frame: Float32, current: ViewAlignment, atlas: Atlas) -> float:
    """Return the gradient correlation, -1 to 1, of a frame (rows, columns) of line integrals seen from a pose."""
    seen = warped(frame, current.frame_from_canonical_px, atlas.view.size_px)
    index = current.view_index
    cached = saturate(atlas.line_integrals(index)[0])
    besides = atlas.line_integrals(atlas.grid.count + index)[0] if atlas.has_surroundings else np.zeros_like(cached)
    return float(_likeness(seen, cached, besides, _WEIGHTS))


def body_edge_similarity(seen: Float32, shown: Float32, besides: Float32) -> float:
    """Return the same of a frame in the canonical view, what the object shows there and what is beside it.

    All (size, size). For pictures of just these poses, where `edge_similarity` makes do with the nearest cached ones.
    """
    return float(_likeness(seen, shown, besides, _WEIGHTS))


def edge_similarity_twin(frame: Float32, current: ViewAlignment, atlas: Atlas) -> float:
    """Return what `edge_similarity` returns: its specification."""
    homography = normalised_homography(current.frame_from_canonical_px, *frame.shape)
    seen = gradients(warp_frame(frame, homography, atlas.view.size_px), _SMOOTH_PX)
    cached = gradients(saturate(np.asarray(atlas.views[current.view_index], np.float32)), _SMOOTH_PX)
    steepness = np.hypot(*cached)
    around = atlas.surroundings
    besides = None if around is None else gradients(np.asarray(around[current.view_index], np.float32), _SMOOTH_PX)
    return gradient_correlation(seen, cached, steepness > _EDGE_SHARE * float(steepness.max()), control=besides)


@njit(cache=True, fastmath=True, nogil=True)
def _likeness(frame: Float32, view: Float32, besides: Float32, weights: Float32) -> float:
    seen, cached = _slopes(_smoothed(frame, weights)), _slopes(_smoothed(view, weights))
    other = _slopes(_smoothed(besides, weights))
    squares = cached[0] * cached[0] + cached[1] * cached[1]
    least = np.float32(_EDGE_SHARE * _EDGE_SHARE) * squares.max()
    total = 0.0
    for direction in range(2):
        count = 0
        a, b, c, aa, bb, cc, ab, ac, bc = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for v in range(view.shape[0]):
            for u in range(view.shape[1]):
                if squares[v, u] > least:
                    x, y = float(seen[direction, v, u]), float(cached[direction, v, u])
                    z = float(other[direction, v, u])
                    count, a, b, c = count + 1, a + x, b + y, c + z
                    aa, bb, cc = aa + x * x, bb + y * y, cc + z * z
                    ab, ac, bc = ab + x * y, ac + x * z, bc + y * z
        if count > 0:
            aa, bb, cc = aa - a * a / count, bb - b * b / count, cc - c * c / count
            ab, ac, bc = ab - a * b / count, ac - a * c / count, bc - b * c / count
            if cc > 0.0:
                aa, bb, ab = aa - ac * ac / cc, bb - bc * bc / cc, ab - ac * bc / cc
            if aa > 0.0 and bb > 0.0:
                total += ab / np.sqrt(aa * bb)
    return total / 2.0


@njit(cache=True, fastmath=True, nogil=True)
def _smoothed(image: Float32, weights: Float32) -> Float32:
    """Return a square picture through a symmetric kernel along both axes, mirrored at the border."""
    return _along(_along(image, weights), weights)


@njit(cache=True, fastmath=True, nogil=True)
def _along(image: Float32, weights: Float32) -> Float32:
    """Return the picture through the kernel down its columns, transposed."""
    size, reach = image.shape[0], weights.shape[0] - 1
    out = np.empty((size, size), np.float32)
    line = np.empty(size, np.float32)
    for v in range(size):
        for u in range(size):
            line[u] = weights[0] * image[v, u]
        for k in range(1, reach + 1):
            above, below = v - k, v + k
            above = above if above >= 0 else -1 - above
            below = below if below < size else 2 * size - 1 - below
            for u in range(size):
                line[u] += weights[k] * (image[above, u] + image[below, u])
        for u in range(size):
            out[u, v] = line[u]
    return out


@njit(cache=True, fastmath=True, nogil=True)
def _slopes(image: Float32) -> Float32:
    """Return the derivatives down the columns and along the rows, shape (2, rows, columns)."""
    rows, columns = image.shape
    out = np.empty((2, rows, columns), np.float32)
    half = np.float32(0.5)
    for v in range(rows):
        for u in range(columns):
            top, end, left, stop = max(v - 1, 0), min(v + 1, rows - 1), max(u - 1, 0), min(u + 1, columns - 1)
            down = half if end - top == 2 else np.float32(1.0)
            along = half if stop - left == 2 else np.float32(1.0)
            out[0, v, u] = (image[end, u] - image[top, u]) * down
            out[1, v, u] = (image[v, stop] - image[v, left]) * along
    return out
