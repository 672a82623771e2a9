"""Exponential and logarithm in single precision: as NumPy's, in compiled loops."""

import numpy as np
from numba import njit

from fluoropose.imaging.quick_math import quick_exp, quick_log


@njit(fastmath=True)
def exponentials(values, out):
    for n in range(len(values)):
        out[n] = quick_exp(values[n])


@njit(fastmath=True)
def logarithms(values, out):
    for n in range(len(values)):
        out[n] = quick_log(values[n])


def test_exponentials_are_numpys(rng):
    values = np.concatenate([rng.uniform(-12.0, 3.0, 20000), np.linspace(-0.01, 0.01, 2001), [0.0]]).astype(np.float32)
    out = np.empty_like(values)
    exponentials(values, out)
    np.testing.assert_allclose(out, np.exp(values.astype(np.float64)), rtol=1e-6)
    assert out[-1] == 1.0


def test_exponentials_beyond_single_precision_stay_at_its_ends():
    values = np.array([-1e4, -90.0, 90.0, 1e4], np.float32)
    out = np.empty_like(values)
    exponentials(values, out)
    assert np.isfinite(out).all()
    assert (out[:2] < 1e-36).all()
    assert (out[2:] > 1e37).all()


def test_logarithms_are_numpys(rng):
    values = np.exp(rng.uniform(-20.0, 20.0, 20000)).astype(np.float32)
    values = np.concatenate([values, np.linspace(0.99, 1.01, 2001), [1.0]]).astype(np.float32)
    out = np.empty_like(values)
    logarithms(values, out)
    np.testing.assert_allclose(out, np.log(values.astype(np.float64)), rtol=4e-7, atol=1e-7)
    assert out[-1] == 0.0
