"""Pixels that a frame does not show: beyond its border, outside its field, under a mark. Edges there tell nothing.

What is smoothed near them is mixed with what fills them, so pixels near them do not count either.
"""

import numpy as np
from numba import njit

from fluoropose.arrays import Bool, Float32
from fluoropose.imaging.filters import blur, blur_twin

__all__ = ["drop_hidden", "hidden_or_none", "shown_twin"]

_MIXED = np.float32(0.05)
"""Most of a smoothed pixel that may come from hidden ones."""


def hidden_or_none(hidden: Float32 | None) -> Float32:
    """Return what `drop_hidden` takes: an empty picture where nothing is hidden."""
    return np.empty((0, 0), np.float32) if hidden is None else hidden


@njit(cache=True, nogil=True)
def drop_hidden(squares: Float32, hidden: Float32, weights: Float32) -> None:
    """Make the squares of derivatives 0 where they are not shown; `hidden` (rows, columns) is 1 there.

    `weights` are those by which the picture was smoothed. Where `hidden` is empty, all is shown.
    """
    if hidden.size > 0:
        mixed = blur(hidden, weights, True)
        for v in range(squares.shape[0]):
            for u in range(squares.shape[1]):
                if mixed[v, u] > _MIXED:
                    squares[v, u] = np.float32(0.0)


def shown_twin(hidden: Float32 | None, weights: Float32) -> Bool | bool:
    """Return where squares of derivatives stay as they are; True: everywhere."""
    return True if hidden is None else np.asarray(blur_twin(hidden, weights, True) <= _MIXED)
