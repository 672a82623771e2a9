"""A flat-panel detector: from line integrals to pixels, with spectrum, scatter, blur, noise, collimator and bit depth.

This module shares no code with `train.appearance`: simplifications that the networks were trained on must not also be
in the frames that they are measured on. Line integrals are at 70 keV, dimensionless; lengths are in detector pixels.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.ndimage import gaussian_filter, zoom

from fluoropose.arrays import Float64

__all__ = ["BONE", "Detector", "METAL", "SOFT_TISSUE", "expose"]

_ENERGIES_KEV = np.array([40.0, 50.0, 60.0, 70.0, 85.0, 100.0])
_PHOTON_SHARES = np.array([0.13, 0.24, 0.25, 0.19, 0.13, 0.06])
"""The shares of photons of a filtered 110 kV beam in six bins, coarse (after Boone and Seibert, Med Phys 24, 1997)."""

SOFT_TISSUE = np.array([1.39, 1.18, 1.07, 1.00, 0.93, 0.886])
BONE = np.array([2.54, 1.62, 1.20, 1.00, 0.82, 0.71])
METAL = np.array([4.10, 2.27, 1.43, 1.00, 0.70, 0.51])
"""Attenuation of water, cortical bone and titanium relative to 70 keV (NIST XCOM, interpolated)."""


@dataclass(frozen=True, slots=True)
class Detector:
    """The settings of a detector and its exposure.

    Attributes
    ----------
    open_counts : quanta detected in a pixel of the open beam
    behind_counts : if given, quanta in the median pixel of the aperture instead, as dose control sets them
    electronic_counts : standard deviation of the read-out noise, in quanta
    scatter : scattered over mean primary intensity
    scatter_px : standard deviation of the scatter's blur
    blur_px : standard deviation of the blur of focal spot and detector together
    bits : bit depth of the pixels
    filled : share of the full scale to which automatic exposure brings the brightest pixels
    dark_share : offset of the read-out, as a share of the full scale
    aperture : half-width of the collimator's opening over half the picture's shorter side
    round_aperture : the opening is a circle instead of a square
    materials : the object's attenuation relative to 70 keV in each energy bin
    """

    open_counts: float = 6000.0
    behind_counts: float | None = None
    electronic_counts: float = 4.0
    scatter: float = 0.25
    scatter_px: float = 45.0
    blur_px: float = 0.8
    bits: int = 16
    filled: float = 0.85
    dark_share: float = 0.004
    aperture: float = 0.98
    round_aperture: bool = False
    materials: tuple[float, ...] = field(default=tuple(METAL))


def expose(
    object_lines: Float64, tissue_lines: Float64, bone_lines: Float64, detector: Detector, rng: np.random.Generator
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8 | np.uint16]]:
    """Return a frame, uint8 or uint16 (rows, columns), in which the open beam is bright.

    The three pictures of line integrals are of the object, of soft tissue and of bone, which attenuate differently.
    """
    weights = _PHOTON_SHARES * _ENERGIES_KEV
    weights = weights / weights.sum()
    primary = np.zeros(object_lines.shape)
    for share, metal, soft, bone in zip(weights, detector.materials, SOFT_TISSUE, BONE, strict=True):
        primary += share * np.exp(-(object_lines * metal + tissue_lines * soft + bone_lines * bone))
    opening = _collimator_transmission(primary.shape, detector)
    primary *= opening
    # Only photons that meet matter scatter.
    source = primary * (1.0 - np.exp(-2.0 * (object_lines + tissue_lines + bone_lines)))
    signal = gaussian_filter(primary + detector.scatter * _blur_scatter(source, detector.scatter_px), detector.blur_px)
    open_counts = detector.open_counts
    if detector.behind_counts is not None:
        open_counts = detector.behind_counts / max(float(np.median(signal[opening > 0.5])), 1e-6)
    counts = rng.poisson(np.maximum(signal, 0.0) * open_counts).astype(np.float64)
    counts += rng.normal(0.0, detector.electronic_counts, counts.shape)
    top = 2**detector.bits - 1
    # Automatic exposure: the brightest hundredth of the picture is brought to `filled` of the full scale.
    full = max(float(np.percentile(counts, 99.0)), 1.0) / detector.filled
    shares = detector.dark_share + (1.0 - detector.dark_share) * counts / full
    digital = np.clip(np.round(shares * top), 0, top)
    return digital.astype(np.uint8 if detector.bits <= 8 else np.uint16)


def _blur_scatter(primary: Float64, sigma_px: float) -> Float64:
    """Return the wide blur of the scatter, computed on a grid eight times as coarse, for it has no finer detail."""
    rows, columns = primary.shape
    small = primary[: rows // 8 * 8, : columns // 8 * 8].reshape(rows // 8, 8, columns // 8, 8).mean(axis=(1, 3))
    wide = gaussian_filter(small, sigma_px / 8.0, mode="nearest")
    return zoom(wide, (rows / wide.shape[0], columns / wide.shape[1]), order=1, grid_mode=True, mode="nearest")


def _collimator_transmission(shape: tuple[int, ...], detector: Detector) -> Float64:
    """Return the collimator's transmission: 1 inside, 0.6 % behind the leaves, with a soft edge of two pixels."""
    v = (np.arange(shape[0]) - (shape[0] - 1) / 2)[:, None]
    u = (np.arange(shape[1]) - (shape[1] - 1) / 2)[None, :]
    half = detector.aperture * min(shape) / 2
    distance = np.hypot(u, v) - half if detector.round_aperture else np.maximum(np.abs(u), np.abs(v)) - half
    return np.asarray(0.006 + 0.994 / (1.0 + np.exp(np.clip(distance / 0.7, -60, 60))))
