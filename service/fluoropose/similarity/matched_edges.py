"""Matched edges: on which share of an object's edges the frame shows the same, neighbourhood by neighbourhood.

What hides a part of an object makes the edge similarity of the whole small, wherever the rest lies exactly. So the
pictures' derivatives are compared in small neighbourhoods. A wrong pose has few in which they agree closely, a covered
one that is right agrees closely wherever it is seen. `matched_edges` is compiled; `matched_edges_twin` is its twin.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from fluoropose.arrays import Float32, make_read_only
from fluoropose.imaging.filters import blur
from fluoropose.imaging.filters import gradients as gradients_of
from fluoropose.similarity.gradient import gradients
from fluoropose.similarity.hidden_pixels import drop_hidden, hidden_or_none, shown_twin

__all__ = ["MatchedEdges", "matched_edges", "matched_edges_twin"]

_SMOOTH_PX = 1.0
_EDGE_SHARE = 0.08
"""Gradients above this share of the steepest are the object's edges (`similarity.edge_similarity`)."""

_BLOCK_PX, _LEAST_EDGE_PX = 12, 8
"""Side of a neighbourhood, and how many of its pixels must be edges for it to count."""

_SEEN, _MATCHED = 0.7, 0.93
"""Correlation of the derivatives from which a neighbourhood is seen, and from which it is matched."""

_EXACTLY, _LEAST_EXACT = 0.95, 0.15
"""Share of what is seen that must be matched for it to be `shown_exactly`, and the least share of all edges."""

_REACH = 4
_BELL = np.exp(-0.5 * (np.arange(_REACH + 1) / _SMOOTH_PX) ** 2)
_WEIGHTS: Float32 = make_read_only((_BELL / (2.0 * _BELL.sum() - 1.0)).astype(np.float32))


@dataclass(frozen=True, slots=True)
class MatchedEdges:
    """Shares, 0 to 1, of an object's edges in neighbourhoods that the frame shows (`seen`) or shows exactly."""

    seen: float
    matched: float

    @property
    def shown_exactly(self) -> bool:
        """Whether all that is seen is matched, and no less than `_LEAST_EXACT`."""
        return self.matched >= max(_EXACTLY * self.seen, _LEAST_EXACT)


def matched_edges(frame: Float32, shown: Float32, alone: Float32, hidden: Float32 | None = None) -> MatchedEdges:
    """Return which share of an object's edges a frame in the canonical view shows.

    Parameters
    ----------
    frame : the frame's line integrals in the canonical view, float32 (rows, columns)
    shown : what is there to be seen at the pose: the object and what is known around it
    alone : the object alone, whose edges count
    hidden : 1 where the frame shows nothing: edges there are edges that are not seen. None: it shows all
    """
    shares = _matched(frame, shown, alone, shown is not alone, _WEIGHTS, hidden_or_none(hidden))
    return MatchedEdges(*(float(share) for share in shares))


def matched_edges_twin(frame: Float32, shown: Float32, alone: Float32, hidden: Float32 | None = None) -> MatchedEdges:
    """Return what `matched_edges` returns: its specification."""
    steepness = np.hypot(*gradients(alone, _SMOOTH_PX))
    edges = steepness > _EDGE_SHARE * steepness.max()
    there_is = edges & shown_twin(hidden, _WEIGHTS)
    seen, there = (np.stack(gradients(picture, _SMOOTH_PX)) for picture in (frame, shown))
    total, weights, correlations = 0.0, [], []
    for top in range(0, frame.shape[0], _BLOCK_PX):
        for left in range(0, frame.shape[1], _BLOCK_PX):
            part = (slice(top, top + _BLOCK_PX), slice(left, left + _BLOCK_PX))
            inside = edges[part]
            if inside.sum() >= _LEAST_EDGE_PX:
                whole = there[:, part[0], part[1]][:, inside].ravel()
                total += np.sqrt((whole @ whole) * inside.sum())
            inside = there_is[part]
            if inside.sum() >= _LEAST_EDGE_PX:
                a, b = (picture[:, part[0], part[1]][:, inside].ravel() for picture in (seen, there))
                weights.append(np.sqrt((b @ b) * inside.sum()))
                correlations.append(a @ b / np.sqrt((a @ a) * (b @ b) + 1e-12))
    if total == 0.0:
        return MatchedEdges(0.0, 0.0)
    shares = [np.sum(np.array(weights)[np.array(correlations) > least]) / total for least in (_SEEN, _MATCHED)]
    return MatchedEdges(float(shares[0]), float(shares[1]))


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def _matched(
    frame: Float32, shown: Float32, alone: Float32, surrounded: bool, weights: Float32, hidden: Float32
) -> tuple[float, float]:
    seen, there = gradients_of(blur(frame, weights, True)), gradients_of(blur(shown, weights, True))
    own = gradients_of(blur(alone, weights, True)) if surrounded else there
    squares = own[0] * own[0] + own[1] * own[1]
    least = np.float32(_EDGE_SHARE * _EDGE_SHARE) * squares.max()
    visible = squares.copy()
    drop_hidden(visible, hidden, weights)
    total, of_seen, of_matched = 0.0, 0.0, 0.0
    for top in range(0, frame.shape[0], _BLOCK_PX):
        for left in range(0, frame.shape[1], _BLOCK_PX):
            whole, power, count, aa, bb, ab = 0, 0.0, 0, 0.0, 0.0, 0.0
            for v in range(top, min(top + _BLOCK_PX, frame.shape[0])):
                for u in range(left, min(left + _BLOCK_PX, frame.shape[1])):
                    if squares[v, u] > least:
                        down, along = float(there[0, v, u]), float(there[1, v, u])
                        whole, power = whole + 1, power + down * down + along * along
                    if visible[v, u] > least:
                        count += 1
                        for direction in range(2):
                            a, b = float(seen[direction, v, u]), float(there[direction, v, u])
                            aa, bb, ab = aa + a * a, bb + b * b, ab + a * b
            if whole >= _LEAST_EDGE_PX:
                total += np.sqrt(power * whole)
            if count >= _LEAST_EDGE_PX:
                weight, correlation = np.sqrt(bb * count), ab / np.sqrt(aa * bb + 1e-12)
                if correlation > _SEEN:
                    of_seen += weight
                if correlation > _MATCHED:
                    of_matched += weight
    if total == 0.0:
        return 0.0, 0.0
    return of_seen / total, of_matched / total
