"""Where a picture's edge lies beside a point, along the point's normal: the steepest place of raw pixels, in px."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d, map_coordinates

from fluoropose.arrays import Bool, Float64

__all__ = ["EdgeOffsets", "PROFILE_PX", "measure_offsets", "profiles"]

PROFILE_PX: Float64 = np.arange(-6.0, 6.0 + 1e-9, 0.25)
"""Where profiles are sampled along the normal, outwards."""

_STEP_PX, _SMOOTH_PX = 0.25, 0.8


@dataclass(frozen=True, slots=True, eq=False)
class EdgeOffsets:
    """How far outwards edges lie, px (n,), how steep they are, and whether there is one within the reach."""

    offsets_px: Float64
    steepness: Float64
    found: Bool


def profiles(picture: Float64, pixels: Float64, normals: Float64) -> Float64:
    """Return what a picture (rows, columns) shows along normals (n, 2) at points (n, 2), (n, samples)."""
    places = pixels[:, None] + PROFILE_PX[:, None] * normals[:, None]
    sampled = map_coordinates(picture, [places[..., 1], places[..., 0]], order=1, mode="nearest")
    return np.asarray(sampled, np.float64)


def measure_offsets(picture: Float64, pixels: Float64, normals: Float64, reach_px: float) -> EdgeOffsets:
    """Return where a picture becomes brighter outwards most steeply, within a reach of each point."""
    sampled = profiles(picture, pixels, normals)
    slopes = gaussian_filter1d(sampled, _SMOOTH_PX / _STEP_PX, axis=1, order=1) / _STEP_PX
    within = np.abs(PROFILE_PX) <= reach_px
    best = np.where(within, slopes, -np.inf).argmax(axis=1)
    middle, rows = np.clip(best, 1, len(PROFILE_PX) - 2), np.arange(len(best))
    before, top, after = (slopes[rows, middle + n] for n in (-1, 0, 1))
    bent = before - 2.0 * top + after
    found = (bent < 0) & (top > 0) & (np.abs(PROFILE_PX[best]) < reach_px - _STEP_PX) & (middle == best)
    shift = 0.5 * (before - after) / np.where(bent < 0, bent, -1.0)
    return EdgeOffsets(PROFILE_PX[middle] + np.where(found, shift, 0.0) * _STEP_PX, top, found)
