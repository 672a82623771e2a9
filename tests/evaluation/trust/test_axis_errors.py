"""Errors and deviations along a ray's axes, on poses made by hand."""

import numpy as np
import pytest

from fluoropose.evaluation.trust.axis_errors import axis_errors, raw_sigmas
from fluoropose.geometry.rigid import apply_twist, rigid
from fluoropose.geometry.rotation import from_rotation_vector, ray_axes

CENTRE = np.array([5.0, -3.0, 2.0])
TURN = from_rotation_vector(np.array([0.4, 0.2, -0.3]))


def test_an_error_along_the_ray_is_depth_alone():
    truth = rigid(TURN, np.array([60.0, -40.0, 800.0]) - TURN @ CENTRE)
    ray = np.array([60.0, -40.0, 800.0])
    ray = ray / np.linalg.norm(ray)
    found = apply_twist(truth, np.array([*(3.0 * ray), 0.0, 0.0, 0.0]), CENTRE)
    errors = axis_errors(found, truth, np.eye(6), CENTRE)
    assert errors.offset_mm == pytest.approx((0.0, 0.0, 3.0), abs=1e-9)
    assert errors.turn_deg == pytest.approx((0.0, 0.0, 0.0), abs=1e-9)


def test_on_the_axis_the_parts_are_the_camera_s():
    truth = rigid(TURN, np.array([0.0, 0.0, 900.0]) - TURN @ CENTRE)
    twist = np.array([0.3, -0.2, 4.0, *np.deg2rad([0.5, -1.0, 2.0])])
    errors = axis_errors(apply_twist(truth, twist, CENTRE), truth, np.eye(6), CENTRE)
    assert errors.offset_mm == pytest.approx((0.3, -0.2, 4.0))
    assert errors.turn_deg == pytest.approx((0.5, -1.0, 2.0))


def test_deviations_are_those_of_the_covariance_along_the_ray():
    axes = ray_axes(np.array([100.0, 50.0, 700.0]))
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1.0)
    wanted = np.array([0.1, 0.2, 3.0, 0.01, 0.02, 0.03])
    turned = np.kron(np.eye(2), axes)
    covariance = turned.T @ np.diag(wanted**2) @ turned
    found = raw_sigmas(covariance, axes)
    assert found[:3] == pytest.approx(wanted[:3])
    assert np.deg2rad(found[3:]) == pytest.approx(wanted[3:])


def test_a_covariance_that_is_none_gives_no_deviations():
    assert raw_sigmas(np.zeros((6, 6)), np.eye(3)) is None
    assert raw_sigmas(-np.eye(6), np.eye(3)) is None
