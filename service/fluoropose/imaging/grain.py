"""How blurred a frame's noise is: that tells a detector that spreads light from one that does not. Pure.

Noise of a flat panel's pixels is nearly independent. In an intensifier, or in a picture that was smoothed, that of
neighbours is alike. Second differences of neighbours are then smaller than those of every other pixel.
"""

import numpy as np

from fluoropose.arrays import Float32

__all__ = ["WHITE", "noise_whiteness"]

WHITE = 1.0
"""Of noise that is independent from pixel to pixel."""

_ROWS = 32


def noise_whiteness(image: Float32) -> float:
    """Return the ratio of the median second differences over one pixel and over two, along rows; `WHITE` without noise.

    `image` is a frame's line integrals, (rows, columns); some rows are looked at.
    """
    lines = image[:: max(1, image.shape[0] // _ROWS)]
    near = np.abs(lines[:, 4:] - 2.0 * lines[:, 2:-2] + lines[:, :-4])
    nearest = np.abs(lines[:, 3:-1] - 2.0 * lines[:, 2:-2] + lines[:, 1:-3])
    # Where pixels are clipped there is no noise.
    noisy = near > 0.0
    if noisy.mean() < 0.05:
        return WHITE
    return float(np.median(nearest[noisy]) / np.median(near[noisy]))
