"""A second detector, unlike `simulate.physics`: an intensifier with veiling glare, low dose and few bits.

Its beam has one energy; its glare and its sharpness have long tails, where the flat panel's are Gaussian; its noise is
blurred with the picture, where the panel's is white. It shares no code with training or with `simulate.physics`. Line
integrals are dimensionless; lengths are in detector pixels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

from fluoropose.arrays import Float64

__all__ = ["GlareDetector", "expose_with_glare"]

_COARSE = 8


@dataclass(frozen=True, slots=True)
class GlareDetector:
    """The settings of the detector and its exposure.

    Attributes
    ----------
    counts : quanta in a pixel of the open beam
    glare : share of the light that is spread widely
    glare_px : the two standard deviations of that spread
    sharp_px, soft_px : standard deviations of the near blur; a third of the light has the soft one
    bits : bit depth of the pixels
    filled : share of the full scale to which automatic exposure brings the brightest pixels
    """

    counts: float = 2500.0
    glare: float = 0.12
    glare_px: tuple[float, float] = (20.0, 90.0)
    sharp_px: float = 0.6
    soft_px: float = 1.5
    bits: int = 10
    filled: float = 0.9


def expose_with_glare(
    object_lines: Float64, tissue_lines: Float64, bone_lines: Float64, detector: GlareDetector, rng: np.random.Generator
) -> NDArray[np.uint16]:
    """Return a frame, uint16 (rows, columns), in which the open beam is bright."""
    shown = np.exp(-(object_lines + tissue_lines + bone_lines))
    wide = 0.5 * sum(_spread(shown, sigma) for sigma in detector.glare_px)
    light = (1.0 - detector.glare) * shown + detector.glare * wide
    quanta = rng.normal(light, np.sqrt(np.maximum(light, 1e-6) / detector.counts))
    blurred = (2.0 * gaussian_filter(quanta, detector.sharp_px) + gaussian_filter(quanta, detector.soft_px)) / 3.0
    top = 2**detector.bits - 1
    # The brightest fiftieth of the picture is brought to `filled` of the full scale.
    full = max(float(np.percentile(blurred, 98.0)), 1e-3)
    return np.clip(np.round(blurred / full * detector.filled * top), 0, top).astype(np.uint16)


def _spread(light: Float64, sigma_px: float) -> Float64:
    """Return a wide blur, computed on a coarser grid."""
    rows, columns = light.shape
    small = light[: rows // _COARSE * _COARSE, : columns // _COARSE * _COARSE]
    small = small.reshape(rows // _COARSE, _COARSE, columns // _COARSE, _COARSE).mean(axis=(1, 3))
    wide = gaussian_filter(small, sigma_px / _COARSE, mode="nearest")
    return zoom(wide, (rows / wide.shape[0], columns / wide.shape[1]), order=1, grid_mode=True, mode="nearest")
