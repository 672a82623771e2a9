"""Constant velocity: exact on a steady motion, about the object's centre, and limited."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fluoropose.geometry.rigid import rigid, transform
from fluoropose.geometry.rotation import about_x, about_z, angle_between, from_rotation_vector
from fluoropose.tracking.motion import MotionLimits, estimate_velocity, extrapolate

CENTRE = np.array([120.0, -80.0, 300.0])
LIMITS = MotionLimits()


def at(rotation, centre_camera):
    return rigid(rotation, np.asarray(centre_camera, float) - rotation @ CENTRE)


def test_a_steady_motion_is_met_exactly():
    poses = [at(about_z(0.05 * n) @ about_x(0.3), [3.0 * n, -2.0 * n, 900.0 + n]) for n in range(4)]
    velocity = estimate_velocity(poses[0], poses[1], 0.1, CENTRE, LIMITS)
    np.testing.assert_allclose(extrapolate(poses[1], velocity, 0.1, CENTRE, LIMITS), poses[2], atol=1e-9)
    np.testing.assert_allclose(extrapolate(poses[1], velocity, 0.2, CENTRE, LIMITS), poses[3], atol=1e-9)


def test_turning_leaves_the_centre_where_it_is():
    first, second = at(np.eye(3), [0, 0, 900]), at(about_x(0.1), [0, 0, 900])
    velocity = estimate_velocity(first, second, 0.1, CENTRE, LIMITS)
    np.testing.assert_allclose(velocity.centre_mm_per_s, 0.0, atol=1e-9)
    np.testing.assert_allclose(transform(extrapolate(second, velocity, 0.1, CENTRE, LIMITS), CENTRE), [0, 0, 900])


def test_each_parameter_is_limited():
    jump = estimate_velocity(at(np.eye(3), [0, 0, 900]), at(about_z(2.0), [100, -5, 500]), 0.1, CENTRE, LIMITS)
    np.testing.assert_allclose(jump.centre_mm_per_s, [400.0, -50.0, -200.0])
    np.testing.assert_allclose(np.rad2deg(jump.turn_rad_per_s), [0, 0, 200.0], atol=1e-9)


@given(
    st.lists(st.floats(-0.5, 0.5), min_size=3, max_size=3),
    st.lists(st.floats(-500, 500), min_size=3, max_size=3),
    st.floats(0.01, 5.0),
)
def test_never_further_than_the_horizon_allows(turn, move, seconds):
    first = at(np.eye(3), [0, 0, 900])
    second = at(from_rotation_vector(np.array(turn)), np.array([0.0, 0, 900]) + move)
    velocity = estimate_velocity(first, second, 0.05, CENTRE, LIMITS)
    ahead = extrapolate(second, velocity, seconds, CENTRE, LIMITS)
    step = transform(ahead, CENTRE) - transform(second, CENTRE)
    assert np.all(np.abs(step) <= np.array([400, 400, 200]) * LIMITS.horizon_s + 1e-9)
    assert angle_between(ahead[:3, :3], second[:3, :3]) <= np.sqrt(3) * np.deg2rad(200) * LIMITS.horizon_s + 1e-6


def test_limits_hold_along_the_axes_of_the_camera_that_saw_it():
    """Seen from the side, what is depth to one camera is across to the other."""
    first, second = at(np.eye(3), [0, 0, 0]), at(np.eye(3), [100.0, 0, 100.0])
    axes = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    world = estimate_velocity(first, second, 0.1, CENTRE, LIMITS)
    turned = estimate_velocity(first, second, 0.1, CENTRE, LIMITS, axes)
    np.testing.assert_allclose(world.centre_mm_per_s, [400.0, 0.0, 200.0])
    np.testing.assert_allclose(turned.centre_mm_per_s, [200.0, 0.0, 400.0])
    still = estimate_velocity(first, second, 0.1, CENTRE, LIMITS, np.eye(3))
    assert (still.centre_mm_per_s == world.centre_mm_per_s).all()
