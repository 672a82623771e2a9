"""The detector by hand: beam hardening, collimator, bit depth, noise, dose control."""

import numpy as np
import pytest

from fluoropose.simulate.physics import Detector, expose


def test_dense_is_dark_and_the_beam_hardens(rng):
    shape = (64, 64)
    quiet = Detector(open_counts=1e7, scatter=0.0, blur_px=0.01, aperture=9.0, dark_share=0.0)
    zero = np.zeros(shape)
    steps = zero.copy()
    steps[20:40], steps[40:] = 1.0, 2.0
    frame = expose(steps, zero, zero, quiet, rng).astype(float)
    open_beam, one, two = frame[5:15].mean(), frame[25:35].mean(), frame[45:60].mean()
    first, second = np.log(open_beam / one), np.log(one / two)
    assert first > second > 0.3


def test_the_collimator_and_the_bits(rng):
    zero = np.zeros((64, 64))
    for bits, dtype in ((8, np.uint8), (12, np.uint16), (16, np.uint16)):
        frame = expose(zero, zero, zero, Detector(bits=bits, aperture=0.5, scatter=0.0), rng)
        assert frame.dtype == dtype
        assert frame.max() < 2**bits
        assert frame[0, 0] < 0.1 * frame[32, 32]


def test_noise_is_quantum_noise(rng):
    zero = np.zeros((128, 128))
    sharp = Detector(open_counts=4000.0, scatter=0.0, blur_px=0.01, aperture=9.0, electronic_counts=0.0)
    frame = expose(zero, zero, zero, sharp, rng).astype(float)
    assert frame.std() / frame.mean() == pytest.approx(1 / np.sqrt(4000.0), rel=0.1)
