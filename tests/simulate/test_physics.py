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


def test_dose_control_sets_the_quanta_behind_the_patient(rng):
    """With 400 quanta behind the patient the noise is a twentieth, however thick he is."""
    zero, thick = np.zeros((128, 128)), np.full((128, 128), 6.0)
    behind = Detector(
        behind_counts=400.0, scatter=0.0, blur_px=0.01, aperture=9.0, electronic_counts=0.0, dark_share=0.0
    )
    for tissue in (zero, thick):
        frame = expose(zero, tissue, zero, behind, rng).astype(float)
        assert frame.std() / frame.mean() == pytest.approx(1 / 20.0, rel=0.1)


def test_scatter_lifts_what_lies_behind_a_dense_object(rng):
    lines, zero = np.zeros((96, 96)), np.zeros((96, 96))
    lines[40:56, 40:56] = 4.0
    tissue = np.full((96, 96), 1.0)
    contrast = []
    for scatter in (0.0, 0.5):
        quiet = Detector(open_counts=1e7, scatter=scatter, scatter_px=20.0, aperture=9.0, dark_share=0.0)
        frame = expose(lines, tissue, zero, quiet, rng).astype(float)
        contrast.append(frame[44:52, 44:52].mean() / frame[20:30, 20:30].mean())
    assert contrast[1] > contrast[0] + 0.1


def test_a_round_collimator_leaves_its_corners_dark(rng):
    zero = np.zeros((64, 64))
    quiet = {"open_counts": 1e6, "scatter": 0.0, "dark_share": 0.0, "aperture": 0.9}
    square, circle = (expose(zero, zero, zero, Detector(**quiet, round_aperture=r), rng) for r in (False, True))
    assert square[8, 8] > 0.8 * square[32, 32]
    assert circle[8, 8] < 0.1 * circle[32, 32]
    assert circle[32, 8] > 0.8 * circle[32, 32]
