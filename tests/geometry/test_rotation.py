"""Rotations by hand, and the inverses of each construction."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluoropose.geometry.rotation import (
    about_x,
    about_y,
    about_z,
    angle_between,
    from_rotation_vector,
    from_zxy,
    nearest_rotation,
    ray_axes,
    smallest_rotation,
    to_rotation_vector,
    to_zxy,
)

angles = st.floats(-np.pi + 1e-6, np.pi - 1e-6)
below_right_angle = st.floats(-1.5, 1.5)
vectors = st.tuples(*[st.floats(-1, 1)] * 3).map(np.array)


def test_positive_turns_are_right_handed():
    # x towards y, y towards z, z towards x.
    np.testing.assert_allclose(about_z(np.pi / 2) @ [1, 0, 0], [0, 1, 0], atol=1e-15)
    np.testing.assert_allclose(about_x(np.pi / 2) @ [0, 1, 0], [0, 0, 1], atol=1e-15)
    np.testing.assert_allclose(about_y(np.pi / 2) @ [0, 0, 1], [1, 0, 0], atol=1e-15)


@given(angles, below_right_angle, angles)
def test_zxy_is_exactly_undone(theta, alpha, beta):
    found = to_zxy(from_zxy(theta, alpha, beta))
    np.testing.assert_allclose(found, (theta, alpha, beta), atol=1e-9)


def test_zxy_at_the_pole_gives_theta_the_whole_turn():
    rotation = from_zxy(0.3, np.pi / 2, 0.4)
    np.testing.assert_allclose(from_zxy(*to_zxy(rotation)), rotation, atol=1e-7)


@given(vectors)
def test_rotation_vector_is_undone(vector):
    np.testing.assert_allclose(to_rotation_vector(from_rotation_vector(vector)), vector, atol=1e-9)


@pytest.mark.parametrize("axis", [[1, 0, 0], [0, 1, 0], [0.6, 0.0, 0.8]])
def test_half_a_turn_has_an_axis(axis):
    rotation = from_rotation_vector(np.pi * np.array(axis))
    found = to_rotation_vector(rotation)
    np.testing.assert_allclose(from_rotation_vector(found), rotation, atol=1e-6)
    assert angle_between(rotation, np.eye(3)) == pytest.approx(np.pi)


@given(vectors.filter(lambda v: np.linalg.norm(v) > 1e-3))
def test_smallest_rotation_takes_z_there_by_the_angle_between(direction):
    unit = direction / np.linalg.norm(direction)
    rotation = smallest_rotation(direction)
    np.testing.assert_allclose(rotation @ [0, 0, 1], unit, atol=1e-9)
    assert angle_between(rotation, np.eye(3)) == pytest.approx(np.arccos(np.clip(unit[2], -1, 1)), abs=1e-6)


def test_nearest_rotation_mends_rounding_and_never_mirrors(rng):
    true = from_zxy(0.4, -0.2, 1.1)
    found = nearest_rotation(np.round(true, 4))
    assert angle_between(found, true) < 1e-4
    assert np.linalg.det(nearest_rotation(rng.normal(size=(3, 3)))) == pytest.approx(1.0)


def test_axes_of_a_ray_are_a_rotation_whose_last_axis_is_the_ray():
    place = np.array([100.0, 50.0, 700.0])
    axes = ray_axes(place)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1.0)
    np.testing.assert_allclose(axes @ place, [0.0, 0.0, np.linalg.norm(place)], atol=1e-9)
    np.testing.assert_allclose(ray_axes(np.array([0.0, 0.0, 5.0])), np.eye(3), atol=1e-12)
