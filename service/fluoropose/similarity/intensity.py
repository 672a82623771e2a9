"""Similarity of two pictures' values: normalised cross-correlation and mutual information.

Sources: normalised cross-correlation as in Penney et al., IEEE TMI 17(4), 1998, section II-A; mutual information after
Mattes, Haynor, Vesselle, Lewellen, Eubank, IEEE TMI 22(1), 2003, eqs 2-7. Ours shares a value of the moving picture
linearly between two bins where Mattes uses cubic B-splines: it stays continuous in the pose and takes two passes, not
four.
"""

import numpy as np

from fluoropose.arrays import Float32, Float64

__all__ = ["JointHistogram", "normalised_correlation"]


def normalised_correlation(fixed: Float32, moving: Float32) -> float:
    """Return the correlation coefficient of two pictures of one shape, -1 to 1; 0 if one of them is constant."""
    a, b = fixed - fixed.mean(), moving - moving.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 0 else 0.0


class JointHistogram:
    """The mutual information of pictures with one fixed picture, whose values are sorted into bins once."""

    def __init__(self, fixed: Float32, bins: int) -> None:
        """Sort the fixed picture's values into `bins` bins between the smallest and the largest."""
        self.bins = bins
        self._rows = np.minimum(_positions(fixed, bins).astype(np.int64), bins - 1) * bins

    def mutual_information(self, moving: Float32) -> float:
        """Return the mutual information, in nats, with a picture of the fixed one's shape."""
        position = np.minimum(_positions(moving, self.bins - 1), self.bins - 1 - 1e-6)
        low = position.astype(np.int64)
        share = position - low
        cells, size = self._rows + low, self.bins * self.bins
        joint = np.bincount(cells, 1.0 - share, size) + np.bincount(cells + 1, share, size)
        joint = joint.reshape(self.bins, self.bins) / joint.sum()
        apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
        filled = joint > 0
        return float((joint[filled] * np.log(joint[filled] / apart[filled])).sum())


def _positions(picture: Float32, steps: int) -> Float64:
    """Return the values as a flat array, mapped linearly so that the smallest is 0 and the largest `steps`."""
    values = np.asarray(picture, np.float64).ravel()
    low, high = float(values.min()), float(values.max())
    return (values - low) * (steps / max(high - low, 1e-12))
