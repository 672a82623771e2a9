"""The second detector: open beam, glare in the dark, clipping, and noise that a generator decides."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.simulate.glare_detector import GlareDetector, expose_with_glare

QUIET = GlareDetector(counts=1e9)
ZEROS = np.zeros((128, 128))


def shown(lines, detector=QUIET, seed=0):
    return expose_with_glare(lines, ZEROS, ZEROS, detector, np.random.default_rng(seed))


def test_the_brightest_pixels_fill_the_wanted_share_of_the_scale():
    for lines in (ZEROS, ZEROS + 2.0):
        assert np.median(shown(lines)) == pytest.approx(0.9 * 1023, abs=1)


def test_glare_lightens_what_is_dark():
    lines = ZEROS.copy()
    lines[48:80, 48:80] = 20.0
    without, with_glare = (shown(lines, replace(QUIET, glare=share))[64, 64] for share in (0.0, 0.2))
    assert without <= 1
    assert with_glare > 0.05 * 0.9 * 1023


def test_attenuations_add_and_darken():
    lines = ZEROS.copy()
    lines[:64] = 0.5
    found = expose_with_glare(lines, lines, lines, replace(QUIET, glare=0.0), np.random.default_rng(0))
    assert np.median(found[:50]) == pytest.approx(0.9 * 1023 * np.exp(-1.5), abs=1)


def test_what_is_brighter_than_the_scale_is_cut_off():
    assert (shown(ZEROS, replace(QUIET, filled=1.5)) == 1023).all()


def test_the_generator_decides_the_noise():
    noisy = GlareDetector(counts=500.0)
    assert (shown(ZEROS, noisy, 1) == shown(ZEROS, noisy, 1)).all()
    assert (shown(ZEROS, noisy, 1) != shown(ZEROS, noisy, 2)).any()
    assert shown(ZEROS, noisy).std() > 5 * shown(ZEROS).std()
