"""Attenuation of water, air and bone by hand."""

import numpy as np

from fluoropose.imaging.attenuation import WATER_PER_MM, attenuation_from_hu
from fluoropose.imaging.volume import Volume


def test_water_air_and_bone():
    values = np.array([-1024.0, -1000.0, 0.0, 1000.0], np.float32).reshape(1, 2, 2)
    found = attenuation_from_hu(Volume(values, np.eye(4))).values.ravel()
    np.testing.assert_allclose(found, [0.0, 0.0, WATER_PER_MM, 2 * WATER_PER_MM], rtol=1e-6)
