"""Gradient correlation: how similar two pictures' edges are, whatever their slow shading.

Source: Penney, Weese, Little, Desmedt, Hill, Hawkes, IEEE TMI 17(4), 1998, section II-D: the mean of the normalised
cross-correlations of the two pictures' horizontal and vertical derivatives. Ours smooths the pictures a little first.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

from fluoropose.arrays import Bool, Float32, Float64

__all__ = ["gradient_correlation", "gradients"]


def gradients(image: Float32, sigma_px: float = 1.0) -> tuple[Float64, Float64]:
    """Return the derivatives of the smoothed picture down its columns and along its rows, each of its shape."""
    smooth = gaussian_filter(np.asarray(image, np.float64), sigma_px)
    down, along = np.gradient(smooth)
    return down, along


def gradient_correlation(
    fixed: tuple[Float64, Float64],
    moving: tuple[Float64, Float64],
    mask: Bool | None = None,
    *,
    control: tuple[Float64, Float64] | None = None,
) -> float:
    """Return the correlation of two pictures' `gradients`, -1 to 1, over the pixels of `mask`, by default all.

    With `control`, the gradients of a third picture, the result is the partial correlation: the correlation of what is
    left of both after least-squares fits by the third.
    """
    pairs = [(a[mask], b[mask]) if mask is not None else (a, b) for a, b in zip(fixed, moving, strict=True)]
    if control is not None:
        others = [other[mask] if mask is not None else other for other in control]
        pairs = [
            (_subtract_fit(a, other), _subtract_fit(b, other)) for (a, b), other in zip(pairs, others, strict=True)
        ]
    return float(np.mean([_correlation(a, b) for a, b in pairs]))


def _subtract_fit(values: Float64, other: Float64) -> Float64:
    """Return `values` less their least-squares fit by `other`, up to a constant."""
    centred = other - other.mean()
    power = float((centred * centred).sum())
    return values - (float((values * centred).sum()) / power) * centred if power > 0 else values


def _correlation(first: Float64, second: Float64) -> float:
    a, b = first - first.mean(), second - second.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 0 else 0.0
