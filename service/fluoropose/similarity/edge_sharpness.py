"""How sharp and how strong a frame shows an object's edges, beside what the object itself would show.

The derivatives of the frame are fitted by those of the object, by least squares over the object's edges, once smoothed
little and once smoothed more. The factor of the fit is the contrast of the edges; where the frame is more blurred than
the picture, or the picture lies beside the frame's edges, it is smaller when little is smoothed. `edge_sharpness` is
compiled; `edge_sharpness_twin` is its slow, clear twin.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from fluoropose.arrays import Float32, make_read_only
from fluoropose.imaging.filters import blur
from fluoropose.imaging.filters import gradients as gradients_of
from fluoropose.similarity.gradient import gradients
from fluoropose.similarity.hidden_pixels import drop_hidden, hidden_or_none, shown_twin

__all__ = ["EdgeSharpness", "edge_sharpness", "edge_sharpness_twin"]

_FINE_PX, _COARSE_PX = 0.7, 1.5
_EDGE_SHARE = 0.08
"""Gradients above this share of the steepest are the object's edges (`similarity.edge_similarity`)."""

_REACH = 6


@dataclass(frozen=True, slots=True)
class EdgeSharpness:
    """`contrast` is the factor of the fit when more is smoothed, `sharpness` that when little is, as a share of it."""

    contrast: float
    sharpness: float


def edge_sharpness(seen: Float32, shown: Float32, hidden: Float32 | None = None) -> EdgeSharpness:
    """Return how a frame in the canonical view shows the edges of an object's picture, both float32 (rows, columns).

    Where `hidden` is 1 the frame shows nothing, and edges count for nothing.
    """
    return _sharpness(*(float(factor) for factor in _factors(seen, shown, _FINE, _COARSE, hidden_or_none(hidden))))


def edge_sharpness_twin(seen: Float32, shown: Float32, hidden: Float32 | None = None) -> EdgeSharpness:
    """Return what `edge_sharpness` returns: its specification."""
    steepness = np.hypot(*gradients(shown, _COARSE_PX))
    edges = (steepness > _EDGE_SHARE * steepness.max()) & shown_twin(hidden, _COARSE)
    factors = []
    for smooth_px in (_FINE_PX, _COARSE_PX):
        frame, view = (np.stack(gradients(picture, smooth_px))[:, edges] for picture in (seen, shown))
        factors.append(float((frame * view).sum() / max((view * view).sum(), 1e-12)))
    return _sharpness(*factors)


def _sharpness(fine: float, coarse: float) -> EdgeSharpness:
    return EdgeSharpness(coarse, fine / coarse if coarse > 1e-6 else 0.0)


def _weights(smooth_px: float) -> Float32:
    bell = np.exp(-0.5 * (np.arange(_REACH + 1) / smooth_px) ** 2)
    return make_read_only((bell / (2.0 * bell.sum() - 1.0)).astype(np.float32))


_FINE, _COARSE = _weights(_FINE_PX), _weights(_COARSE_PX)


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def _factors(seen: Float32, shown: Float32, fine: Float32, coarse: Float32, hidden: Float32) -> tuple[float, float]:
    view, frame = gradients_of(blur(shown, coarse, True)), gradients_of(blur(seen, coarse, True))
    sharp_view, sharp_frame = gradients_of(blur(shown, fine, True)), gradients_of(blur(seen, fine, True))
    squares = view[0] * view[0] + view[1] * view[1]
    least = np.float32(_EDGE_SHARE * _EDGE_SHARE) * squares.max()
    drop_hidden(squares, hidden, coarse)
    power, common, sharp_power, sharp_common = 0.0, 0.0, 0.0, 0.0
    for direction in range(2):
        for v in range(shown.shape[0]):
            for u in range(shown.shape[1]):
                if squares[v, u] > least:
                    a, b = float(frame[direction, v, u]), float(view[direction, v, u])
                    c, d = float(sharp_frame[direction, v, u]), float(sharp_view[direction, v, u])
                    power, common = power + b * b, common + a * b
                    sharp_power, sharp_common = sharp_power + d * d, sharp_common + c * d
    return sharp_common / max(sharp_power, 1e-12), common / max(power, 1e-12)
