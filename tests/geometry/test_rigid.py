"""Rigid transforms: composition, the exponential map, and matrices that are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluoropose.errors import GeometryError
from fluoropose.geometry.rigid import apply_twist, check_rigid, exp, inverse, rigid, transform, turn_covariance
from fluoropose.geometry.rotation import about_y, about_z, from_zxy

twists = st.tuples(*[st.floats(-1.5, 1.5)] * 3, *[st.floats(-500, 500)] * 3).map(np.array)


@given(twists)
def test_exp_of_the_negated_twist_is_the_inverse(twist):
    pose = exp(twist)
    np.testing.assert_allclose(exp(-twist), inverse(pose), atol=1e-6)
    np.testing.assert_allclose(pose @ inverse(pose), np.eye(4), atol=1e-9)


def test_transform_composes_in_reading_order():
    b_from_a = rigid(from_zxy(0.3, 0, 0), np.array([1.0, 2.0, 3.0]))
    c_from_b = rigid(from_zxy(0, 0.2, 0), np.array([-4.0, 0.0, 1.0]))
    point_a = np.array([[5.0, 6.0, 7.0]])
    np.testing.assert_allclose(
        transform(c_from_b @ b_from_a, point_a), transform(c_from_b, transform(b_from_a, point_a)), atol=1e-12
    )


def test_a_rounded_pose_is_re_orthonormalised():
    pose = rigid(from_zxy(0.3, 0.2, 0.1), np.array([1.0, 2.0, 900.0]))
    found = check_rigid(np.round(pose, 5).tolist(), "pose")
    np.testing.assert_allclose(found[:3, :3].T @ found[:3, :3], np.eye(3), atol=1e-14)


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (np.diag([1.0, 1.0, 1.01, 1.0]), "deviation of 0.0201"),
        (np.diag([1e308, 1.0, 1.0, 1.0]), "within 1e+06 mm, got 1e+308"),
        (rigid(np.eye(3), np.array([0.0, 0.0, 1e308])), "within 1e+06 mm, got 1e+308"),
        (np.diag([1.0, 1.0, -1.0, 1.0]), "mirror"),
        (np.full((4, 4), np.nan), "finite"),
        (np.eye(3), "4x4"),
        ([[1, 2], [3]], "4x4"),
        (None, "4x4"),
        ([[10**400] * 4] * 4, "4x4"),
        (np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1.0]]), "row [0, 0, 0, 1]"),
    ],
    ids=[
        "scaled",
        "huge turn",
        "huge way",
        "mirrored",
        "nan",
        "3x3",
        "ragged",
        "none",
        "whole numbers beyond all",
        "projective",
    ],
)
def test_what_is_not_rigid_is_refused_with_the_number(matrix, words):
    with pytest.raises(GeometryError, match=r"expected|must") as caught:
        check_rigid(matrix, "initial_pose")
    assert words in str(caught.value)
    assert "initial_pose" in str(caught.value)


def test_a_twist_moves_the_centre_and_turns_about_it():
    centre_mm = np.array([4.0, 30.0, -11.0])
    pose = rigid(about_y(0.4), np.array([1.0, 2.0, 900.0]))
    moved = apply_twist(pose, np.array([3.0, -4.0, 5.0, 0.0, 0.0, np.pi / 2]), centre_mm)
    centre = pose[:3, :3] @ centre_mm + pose[:3, 3]
    np.testing.assert_allclose(moved[:3, :3] @ centre_mm + moved[:3, 3], centre + [3, -4, 5], atol=1e-9)
    np.testing.assert_allclose(moved[:3, :3], about_z(np.pi / 2) @ about_y(0.4), atol=1e-12)


def test_a_covariance_turns_with_its_axes(rng):
    half = rng.normal(size=(6, 6))
    covariance, turn = half @ half.T, about_z(np.deg2rad(90.0))
    turned = turn_covariance(covariance, turn)
    # x goes to y and y to -x, of the lengths as of the rotation vector.
    assert turned[1, 4] == pytest.approx(covariance[0, 3])
    assert turned[0, 1] == pytest.approx(-covariance[1, 0])
    np.testing.assert_allclose(turn_covariance(turned, turn.T), covariance, atol=1e-12)
