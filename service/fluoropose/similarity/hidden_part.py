"""Where a part of the canonical view at a pose lies beyond what the frame shows: its border, its field, a mark. Pixels.

Edges of the object there are neither for nor against the pose.
"""

import numpy as np
from numba import njit

from fluoropose.arrays import Float32, Mat33
from fluoropose.imaging.sampling import warp_part
from fluoropose.similarity.edge_drawing import Box

__all__ = ["hidden_part"]


def hidden_part(
    shape: tuple[int, ...], hidden: Float32 | None, frame_from_canonical_px: Mat33, box: Box
) -> Float32 | None:
    """Return 1 where a part of the canonical view shows nothing of the frame, else 0; None where it shows all.

    Parameters
    ----------
    shape : rows and columns of the frame
    hidden : the frame's pixels that show nothing are 1, float32 (rows, columns); None: all show something
    frame_from_canonical_px : takes (column, row, 1) of the canonical view to that of the frame
    box : the part's first row, first column, rows and columns
    """
    top, left, rows, columns = box
    corners = np.array([[left, left + columns - 1.0] * 2, [top, top, *[top + rows - 1.0] * 2], [1.0] * 4])
    reaches_beyond = _is_outside(shape, frame_from_canonical_px, corners).any()
    if hidden is None and not reaches_beyond:
        return None
    out = np.zeros((rows, columns), np.float32)
    if hidden is not None:
        out = warp_part(hidden, frame_from_canonical_px, *box)
    if reaches_beyond:
        _mark_outside(out, np.ascontiguousarray(frame_from_canonical_px, np.float64), top, left, shape[0], shape[1])
    return out if out.any() else None


def _is_outside(shape: tuple[int, ...], frame_from_canonical_px: Mat33, places: np.ndarray) -> np.ndarray:
    """Return which places (3, n) of the canonical view lie beyond the frame's border."""
    x, y, w = frame_from_canonical_px @ places
    rows, columns = shape
    return np.asarray((x < -0.5 * w) | (x > (columns - 0.5) * w) | (y < -0.5 * w) | (y > (rows - 0.5) * w))


@njit(cache=True, nogil=True)
def _mark_outside(out: Float32, h: Mat33, top: int, left: int, rows: int, columns: int) -> None:
    """Write 1 at the places of a part that `_is_outside` tells."""
    for v in range(out.shape[0]):
        for u in range(out.shape[1]):
            x0, y0 = float(u + left), float(v + top)
            x, y = h[0, 0] * x0 + h[0, 1] * y0 + h[0, 2], h[1, 0] * x0 + h[1, 1] * y0 + h[1, 2]
            w = h[2, 0] * x0 + h[2, 1] * y0 + h[2, 2]
            if x < -0.5 * w or x > (columns - 0.5) * w or y < -0.5 * w or y > (rows - 0.5) * w:
                out[v, u] = 1.0
