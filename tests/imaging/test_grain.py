"""White noise, blurred noise and none."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from fluoropose.imaging.grain import WHITE, noise_whiteness


def test_independent_noise_is_white_and_blurred_noise_is_not(rng):
    noise = rng.standard_normal((256, 256)).astype(np.float32)
    slope = np.linspace(0.0, 3.0, 256, dtype=np.float32)
    assert noise_whiteness(noise + slope) == pytest.approx(1.0, abs=0.05)
    assert noise_whiteness(np.asarray(gaussian_filter(noise, 0.7) + slope, np.float32)) < 0.85


def test_where_most_pixels_are_clipped_the_others_count(rng):
    noise = rng.standard_normal((128, 128)).astype(np.float32)
    half = noise.copy()
    half[:, :64] = 0.0
    assert noise_whiteness(half) == pytest.approx(noise_whiteness(noise), abs=0.1)
    assert noise_whiteness(np.zeros((64, 64), np.float32)) == WHITE
