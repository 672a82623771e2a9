"""A view's equation for the world: geometry against its differences, and two views that know what one cannot."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fluoropose.drr.atlas import Atlas, AtlasGrid
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.canonical import CanonicalView
from fluoropose.geometry.pose6 import Pose6Frame, pose_from_six
from fluoropose.geometry.rigid import apply_twist, inverse, rigid
from fluoropose.geometry.rotation import about_x, about_y, about_z
from fluoropose.registration.regression.residual import (
    Group,
    ViewParameters,
    align_view,
    residual_change,
    residual_change_twin,
    residual_to_pose,
    view_equation,
)

VIEW = CanonicalView(np.array([4.0, 30.0, -11.0]), about_x(np.pi / 2), 128, 90.0, 900.0)
ATLAS = Atlas(np.zeros((37 * 81, 1, 1), np.float16), AtlasGrid(36.0, 2.0, 80.0), VIEW)
CAMERA = camera_from_detector(512, 512, row_spacing_mm=0.4, column_spacing_mm=0.4, source_to_detector_mm=1200.0)
FRAME = Pose6Frame(VIEW.centre_mm, VIEW.base_rotation)
PLACE = rigid(about_y(0.8) @ about_z(0.3) @ about_x(-0.2), np.array([-300.0, 40.0, 500.0]))

truths = st.tuples(
    st.floats(-40, 40), st.floats(-40, 40), st.floats(800, 1000), st.floats(-90, 90), st.floats(-30, 30), st.floats(-70, 70)
).map(np.array)  # fmt: skip


@settings(max_examples=40)
@given(truths)
def test_the_change_of_the_residual_is_that_of_its_differences(six):
    camera_from_volume = pose_from_six(six, FRAME)
    current = align_view(camera_from_volume, CAMERA, ATLAS)
    world_from_volume = inverse(PLACE) @ camera_from_volume
    fast = residual_change(current, PLACE, ATLAS)
    np.testing.assert_allclose(fast, residual_change_twin(world_from_volume, current, PLACE, ATLAS), atol=1e-5)


@pytest.mark.parametrize("degrees", [60.0, 90.0])
def test_two_views_find_what_neither_sees_alone(degrees):
    """True residuals, in-plane known to 0.1 mm and depth to 10 mm: each view's depth comes from the other one."""
    truth = pose_from_six(np.array([1.0, -2.0, 900.0, 3.0, 4.0, 5.0]), FRAME)
    away = np.array([0.3, -0.4, 0.5, 0.004, -0.003, 0.002])
    world_from_volume = apply_twist(truth, away, VIEW.centre_mm)
    turn = about_y(np.deg2rad(degrees))
    centre = truth[:3, :3] @ VIEW.centre_mm + truth[:3, 3]
    places = [np.eye(4), rigid(turn, centre - turn @ centre)]
    sigma = np.array([0.1, 0.1, 10.0, 0.01, 0.05, 0.05])
    equations = []
    for place in places:
        current = align_view(place @ world_from_volume, CAMERA, ATLAS)
        residual = residual_to_pose(place @ truth, current, ATLAS)
        equations.append(view_equation(current, residual, np.diag(sigma**2.0), Group.ALL, place, ATLAS))
    both = sum(equation.information for equation in equations)
    found = np.linalg.solve(both, sum(equation.vector for equation in equations))
    np.testing.assert_allclose(found, -away, atol=2e-3)
    alone = np.sqrt(np.linalg.inv(equations[0].information)[2, 2])
    together = np.sqrt(np.linalg.inv(both)[2, 2])
    assert alone > 5.0
    assert together == pytest.approx(0.1 / np.sin(np.deg2rad(degrees)), rel=0.3)


def test_the_first_group_trusts_no_out_of_plane_angle():
    """Perfect knowledge of alpha and beta must not reach the twist through the group (x, y, z, theta)."""
    pose = pose_from_six(np.array([0.0, 0.0, 900.0, 0.0, 0.0, 0.0]), FRAME)
    current = align_view(pose, CAMERA, ATLAS)
    sure = np.diag([0.01, 0.01, 1.0, 1e-4, 1e-8, 1e-8])
    residual = current.view_residual + [0.0, 0.0, 0.0, 0.0, 0.1, 0.1]
    seen = view_equation(current, residual, sure, Group.IN_PLANE_DEPTH, np.eye(4), ATLAS)
    np.testing.assert_allclose(seen.vector, 0.0, atol=1e-9)
    np.testing.assert_allclose(seen.information[3:5], 0.0, atol=1e-6)
    full = view_equation(current, residual, sure, Group.ALL, np.eye(4), ATLAS)
    assert np.linalg.norm(full.vector[3:5]) > 1e6


def test_a_views_parameters_lead_to_a_pose_and_back():
    here, there = (
        pose_from_six(np.array(six), FRAME)
        for six in ([2.0, -3.0, 895.0, 4.0, 4.3, -4.6], [3.0, -5.0, 910.0, 7.0, 2.3, -2.1])
    )
    parameters = ViewParameters(align_view(here, CAMERA, ATLAS), ATLAS)
    np.testing.assert_allclose(parameters.parameters_of(here), parameters.origin, atol=1e-9)
    np.testing.assert_allclose(parameters.pose_at(parameters.origin), here, atol=1e-9)
    np.testing.assert_allclose(parameters.pose_at(parameters.parameters_of(there)), there, atol=1e-9)
