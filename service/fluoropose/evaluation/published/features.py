"""Eight Haar-like features of a patch: the hand-made ones that stand in for the CNN in the paper's comparison.

The paper does not draw its eight; ours are two edges, two lines, a checker, a centre against its surround, and the
two diagonals' halves. Each is +1 and -1 over the patch with zero sum, scaled to the mean of its pixels.
"""

import numpy as np

from fluoropose.arrays import Float32

__all__ = ["haar_masks"]


def haar_masks(size_px: int) -> Float32:
    """Return the features as masks, float32 (8, size, size); a feature is the sum of mask times patch."""
    middle = (size_px - 1) / 2
    v, u = np.mgrid[0:size_px, 0:size_px] - middle
    reach = size_px / 2
    shapes = [
        np.sign(u),
        np.sign(v),
        np.where(np.abs(u) < reach / 3, 1.0, -0.5),
        np.where(np.abs(v) < reach / 3, 1.0, -0.5),
        np.sign(u) * np.sign(v),
        np.where(np.maximum(np.abs(u), np.abs(v)) < reach / 2, 3.0, -1.0),
        np.sign(u + v),
        np.sign(u - v),
    ]
    masks = np.stack([shape - shape.mean() for shape in shapes])
    return (masks / np.abs(masks).sum(axis=(1, 2), keepdims=True)).astype(np.float32)
