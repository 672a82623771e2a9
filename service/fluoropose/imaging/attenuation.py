"""From HU to linear attenuation in 1/mm, and what a detector with scatter shows of line integrals (dimensionless)."""

import numpy as np

from fluoropose.arrays import Float32
from fluoropose.imaging.volume import Volume

__all__ = ["VIEW_FLOOR", "WATER_PER_MM", "attenuation_from_hu", "saturate"]

WATER_PER_MM = 0.0193
"""Water at 70 keV: 0.193 / cm (NIST XCOM, mass attenuation 0.1929 cm2/g at 70 keV)."""


def attenuation_from_hu(volume: Volume) -> Volume:
    """Return the linear attenuation in 1/mm: water times (1 + HU / 1000), never negative."""
    values: Float32 = np.maximum(WATER_PER_MM * (1.0 + volume.values / 1000.0), 0.0).astype(np.float32)
    return Volume(values, volume.lps_from_index)


VIEW_FLOOR = 0.02
"""Scatter, as a share of the open beam, with which cached views are shown to the networks."""


def saturate(line_integral: Float32) -> Float32:
    """Return line integrals as a detector with a floor of scatter would show them."""
    return np.asarray(-np.log(np.exp(-line_integral) + VIEW_FLOOR), np.float32)
