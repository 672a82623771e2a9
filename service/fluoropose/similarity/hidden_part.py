"""Where a part of the canonical view at a pose lies beyond what the frame shows: its border, its field, a mark. Pixels.

Edges of the object there are neither for nor against the pose.
"""

import numpy as np

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
    if hidden is None and not _is_outside(shape, frame_from_canonical_px, corners).any():
        return None
    out = np.zeros((rows, columns), np.float32)
    if hidden is not None:
        out = warp_part(hidden, frame_from_canonical_px, *box)
    v, u = np.mgrid[top : top + rows, left : left + columns]
    places = np.stack([u.ravel(), v.ravel(), np.ones(u.size)])
    out[_is_outside(shape, frame_from_canonical_px, places).reshape(rows, columns)] = 1.0
    return out if out.any() else None


def _is_outside(shape: tuple[int, ...], frame_from_canonical_px: Mat33, places: np.ndarray) -> np.ndarray:
    """Return which places (3, n) of the canonical view lie beyond the frame's border."""
    x, y, w = frame_from_canonical_px @ places
    rows, columns = shape
    return np.asarray((x < -0.5 * w) | (x > (columns - 0.5) * w) | (y < -0.5 * w) | (y > (rows - 0.5) * w))
