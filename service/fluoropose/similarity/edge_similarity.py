"""Edge similarity: whether the frame's edges lie where the object's are. No network is asked.

It is the gradient correlation (`similarity.gradient`) of the frame in the canonical view and what the object shows
there, over the object's edges. What the surroundings explain counts for nothing, because a spine goes on where a
vertebra is missing. A network that never saw some kind of empty frame may be sure where nothing is; this measure is
not. `edge_similarity` is compiled; `edge_similarity_twin` is its slow, clear twin.
"""

from functools import cache

import numpy as np
from numba import njit

from fluoropose.arrays import Float32, make_read_only
from fluoropose.imaging.filters import blur
from fluoropose.imaging.filters import gradients as gradients_of
from fluoropose.similarity.gradient import gradient_correlation, gradients
from fluoropose.similarity.hidden_pixels import drop_hidden, hidden_or_none, shown_twin

__all__ = ["EDGE_REACH", "SMOOTH_PX", "edge_similarity", "edge_similarity_twin"]

SMOOTH_PX = 1.5
"""By default: wider than the error of the nearest view, so that the step of the grid does not count as unlike."""

_EDGE_SHARE = 0.08
"""Gradients above this share of the steepest are the view's edges."""

_REACH = 6
"""Of the smoothing's kernel, pixels: four standard deviations."""

EDGE_REACH = 2 * _REACH + 2
"""Of the picture, pixels around an object that the similarity looks at: so far is an edge smoothed, and its place."""


@cache
def _weights(smooth_px: float) -> Float32:
    bell = np.exp(-0.5 * (np.arange(_REACH + 1) / smooth_px) ** 2)
    return make_read_only((bell / (2.0 * bell.sum() - 1.0)).astype(np.float32))


def edge_similarity(
    seen: Float32,
    shown: Float32,
    besides: Float32 | None = None,
    smooth_px: float = SMOOTH_PX,
    hidden: Float32 | None = None,
) -> float:
    """Return the gradient correlation, -1 to 1, of a frame in the canonical view and what an object shows there.

    Parameters
    ----------
    seen : the frame's line integrals in the canonical view, float32 (size, size)
    shown : what the object shows there; its edges count
    besides : what surrounds the object there; what it explains of either counts for nothing
    smooth_px : by how much all are smoothed, a standard deviation, at most the default
    hidden : 1 where the frame shows nothing; edges there count for nothing. None: it shows all
    """
    around, weights = np.zeros_like(shown) if besides is None else besides, _weights(smooth_px)
    return float(_similarity(seen, shown, around, weights, hidden_or_none(hidden)))


def edge_similarity_twin(
    seen: Float32,
    shown: Float32,
    besides: Float32 | None = None,
    smooth_px: float = SMOOTH_PX,
    hidden: Float32 | None = None,
) -> float:
    """Return what `edge_similarity` returns: its specification."""
    frame, view = gradients(seen, smooth_px), gradients(shown, smooth_px)
    steepness = np.hypot(*view)
    other = None if besides is None else gradients(besides, smooth_px)
    edges = (steepness > _EDGE_SHARE * float(steepness.max())) & shown_twin(hidden, _weights(smooth_px))
    return gradient_correlation(frame, view, edges, control=other) if edges.any() else 0.0


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def _similarity(frame: Float32, view: Float32, besides: Float32, weights: Float32, hidden: Float32) -> float:
    seen, cached = gradients_of(blur(frame, weights, True)), gradients_of(blur(view, weights, True))
    # Where nothing is known to surround the object, nothing is explained.
    other = gradients_of(blur(besides, weights, True)) if besides.any() else np.zeros_like(seen)
    squares = cached[0] * cached[0] + cached[1] * cached[1]
    least = np.float32(_EDGE_SHARE * _EDGE_SHARE) * squares.max()
    drop_hidden(squares, hidden, weights)
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
