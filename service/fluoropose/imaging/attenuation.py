"""From Hounsfield units (HU) to linear attenuation in 1/mm."""

import numpy as np

from fluoropose.arrays import Float32
from fluoropose.imaging.volume import Volume

__all__ = ["WATER_PER_MM", "attenuation_from_hu"]

WATER_PER_MM = 0.0193
"""Attenuation of water at 70 keV: 0.193 / cm (NIST XCOM, mass attenuation 0.1929 cm2/g at 70 keV)."""


def attenuation_from_hu(volume: Volume) -> Volume:
    """Return the linear attenuation in 1/mm of a CT in HU: that of water times (1 + HU / 1000), at least 0."""
    values: Float32 = np.maximum(WATER_PER_MM * (1.0 + volume.values / 1000.0), 0.0).astype(np.float32)
    return Volume(values, volume.lps_from_index)
