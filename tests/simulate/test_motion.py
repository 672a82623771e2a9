"""Motions by hand, and random ones that stay within reach and are smooth."""

import numpy as np
import pytest

from fluoropose.simulate.motion import DEFAULT_REACH, Motion, random_motion
from support.cases import EXPECTED_SIX


def test_a_sine_by_hand():
    one = np.zeros((6, 1))
    one[0, 0] = 3.0
    motion = Motion(EXPECTED_SIX, one, np.full((6, 1), 0.25), np.zeros((6, 1)))
    # A quarter of a hertz: after one second the sine is 1, after two seconds 0.
    assert [motion.evaluate(time_s)[0] for time_s in (0.0, 1.0, 2.0, 3.0)] == pytest.approx([0.0, 3.0, 0.0, -3.0])
    np.testing.assert_array_equal(motion.evaluate(1.0)[1:], EXPECTED_SIX[1:])


def test_a_random_motion_stays_within_reach_and_is_smooth(rng):
    motion = random_motion(EXPECTED_SIX, rng)
    path = np.array([motion.evaluate(time_s) for time_s in np.arange(0, 20, 1 / 30)])
    assert (np.abs(path - EXPECTED_SIX) <= DEFAULT_REACH + 1e-9).all()
    assert (np.abs(np.diff(path, axis=0)) < 0.08 * DEFAULT_REACH).all()


def test_a_reach_of_nothing_is_no_motion(rng):
    motion = random_motion(EXPECTED_SIX, rng, np.zeros(6))
    np.testing.assert_array_equal(motion.evaluate(3.0), EXPECTED_SIX)
