"""The residual algebra: what training teaches is exactly what a step undoes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fluoropose.drr.atlas import Atlas, AtlasGrid
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.canonical import CanonicalView
from fluoropose.geometry.pose6 import Pose6Frame, pose_from_six, six_from_pose
from fluoropose.geometry.rotation import about_x, angle_between
from fluoropose.registration.regression.residual import (
    Group,
    align_view,
    apply_residual,
    residual_from_grid,
    residual_to_pose,
    view_offsets_rad,
)

VIEW = CanonicalView(np.array([4.0, 30.0, -11.0]), about_x(np.pi / 2), 128, 90.0, 900.0)
ATLAS = Atlas(np.zeros((37 * 37, 1, 1), np.float16), AtlasGrid(36.0, 2.0), VIEW)
CAMERA = camera_from_detector(512, 512, row_spacing_mm=0.4, column_spacing_mm=0.4, source_to_detector_mm=1200.0)
FRAME = Pose6Frame(VIEW.centre_mm, VIEW.base_rotation)

truths = st.tuples(
    st.floats(-40, 40), st.floats(-40, 40), st.floats(800, 1000), st.floats(-90, 90), st.floats(-30, 30), st.floats(-30, 30)
).map(np.array)  # fmt: skip
offsets = st.tuples(
    st.floats(-5, 5), st.floats(-5, 5), st.floats(-40, 40), st.floats(-10, 10), st.floats(-25, 25), st.floats(-25, 25)
).map(np.array)  # fmt: skip


@settings(max_examples=60)
@given(truths, offsets)
def test_the_true_residual_of_all_six_lands_on_the_truth(truth, offset):
    true_pose = pose_from_six(truth, FRAME)
    current = align_view(pose_from_six(truth + offset, FRAME), CAMERA, ATLAS)
    found = apply_residual(current, residual_to_pose(true_pose, current, ATLAS), Group.ALL, ATLAS)
    np.testing.assert_allclose(found, true_pose, atol=1e-7)


@settings(max_examples=60)
@given(truths)
def test_a_pose_with_its_own_residual_stays_exactly_where_it_is(truth):
    """Also beyond the rim and between the grid's views: nothing is thrown to the grid."""
    pose = pose_from_six(truth, FRAME)
    current = align_view(pose, CAMERA, ATLAS)
    for group in Group:
        np.testing.assert_allclose(apply_residual(current, current.view_residual, group, ATLAS), pose, atol=1e-7)


def test_a_group_changes_its_own_parameters_only():
    truth = np.array([3.0, -2.0, 900.0, 5.0, 11.3, -7.7])
    start = truth + [1.0, 0.5, 10.0, 2.0, 6.0, -4.0]
    current = align_view(pose_from_six(start, FRAME), CAMERA, ATLAS)
    residual = residual_to_pose(pose_from_six(truth, FRAME), current, ATLAS)
    in_plane = six_from_pose(apply_residual(current, residual, Group.IN_PLANE_DEPTH, ATLAS), FRAME)
    np.testing.assert_allclose(in_plane[:3], truth[:3], atol=1e-6)
    np.testing.assert_allclose(in_plane[4:], start[4:], atol=0.2)
    turned = apply_residual(current, residual, Group.OUT_OF_PLANE, ATLAS)
    np.testing.assert_allclose(six_from_pose(turned, FRAME)[:3], start[:3], atol=1e-6)
    both = align_view(turned, CAMERA, ATLAS)
    done = apply_residual(both, residual_to_pose(pose_from_six(truth, FRAME), both, ATLAS), Group.IN_PLANE_DEPTH, ATLAS)
    assert np.rad2deg(angle_between(done[:3, :3], pose_from_six(truth, FRAME)[:3, :3])) < 0.5


def test_an_absurd_depth_is_limited():
    current = align_view(pose_from_six(np.array([0, 0, 900.0, 0, 0, 0]), FRAME), CAMERA, ATLAS)
    residual = current.view_residual.copy()
    residual[2] = -5000.0
    found = six_from_pose(apply_residual(current, residual, Group.IN_PLANE_DEPTH, ATLAS), FRAME)
    assert found[2] == pytest.approx(0.8 * 900.0)


@settings(max_examples=60)
@given(truths)
def test_the_grids_angles_are_told_from_a_residuals(truth):
    """Information for a step of the grid's angles is that for the step of the residual that it is."""
    current = align_view(pose_from_six(truth, FRAME), CAMERA, ATLAS)
    residual_from_six = np.linalg.inv(residual_from_grid(current).T)
    for axis in (3, 4, 5):
        step = 1e-4 * np.eye(6)[axis]
        moved = residual_to_pose(pose_from_six(truth + np.rad2deg(step), FRAME), current, ATLAS) - current.view_residual
        # To first order in how far the pose is from its view: a degree, or six beyond the rim.
        np.testing.assert_allclose(moved[3:] / 1e-4, residual_from_six[3:, axis], atol=0.12)


@settings(max_examples=60)
@given(truths)
def test_offsets_from_the_view_are_in_the_grids_angles(truth):
    # On the camera's axis, where the six parameters' angles are the canonical ones.
    current = align_view(pose_from_six(truth * [0.0, 0.0, 1.0, 1.0, 1.0, 1.0], FRAME), CAMERA, ATLAS)
    found = np.array(ATLAS.grid.angles_of(current.view_index)) + view_offsets_rad(current, ATLAS)
    np.testing.assert_allclose(np.rad2deg(found), truth[4:], atol=1e-6)
