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
    # A homography takes what lies between the corners to what lies between where it takes them.
    beyond = _is_any_outside(shape, frame_from_canonical_px, corners)
    if hidden is None and not beyond:
        return None
    out = np.zeros((rows, columns), np.float32)
    if hidden is not None:
        out = warp_part(hidden, frame_from_canonical_px, *box)
    if beyond:
        _hide_outside(shape[0], shape[1], frame_from_canonical_px, top, left, out)
    return out if out.any() else None


def _is_any_outside(shape: tuple[int, ...], frame_from_canonical_px: Mat33, places: np.ndarray) -> bool:
    """Tell whether one of some places (3, n) of the canonical view lies beyond the frame's border."""
    x, y, w = frame_from_canonical_px @ places
    rows, columns = shape
    return bool(((x < -0.5 * w) | (x > (columns - 0.5) * w) | (y < -0.5 * w) | (y > (rows - 0.5) * w)).any())


@njit(cache=True, nogil=True)
def _hide_outside(frame_rows: int, frame_columns: int, h: Mat33, top: int, left: int, out: Float32) -> None:
    """Write 1 where pixels of a part, which begins at a row and a column, lie beyond the frame's border."""
    for v in range(out.shape[0]):
        for u in range(out.shape[1]):
            column, row = float(left + u), float(top + v)
            x = h[0, 0] * column + h[0, 1] * row + h[0, 2]
            y = h[1, 0] * column + h[1, 1] * row + h[1, 2]
            w = h[2, 0] * column + h[2, 1] * row + h[2, 2]
            if x < -0.5 * w or x > (frame_columns - 0.5) * w or y < -0.5 * w or y > (frame_rows - 0.5) * w:
                out[v, u] = np.float32(1.0)
