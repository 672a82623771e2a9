"""The six parameters: they come back, and each moves the image as the paper says."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fluoropose.geometry.camera import camera_from_detector, project
from fluoropose.geometry.pose6 import Pose6Frame, pose_from_six, six_from_pose
from fluoropose.geometry.rigid import transform
from fluoropose.geometry.rotation import about_x

FRAME = Pose6Frame(np.array([12.0, -30.0, 400.0]), about_x(np.pi / 2))
sixes = st.tuples(
    st.floats(-50, 50), st.floats(-50, 50), st.floats(600, 1100), st.floats(-179, 179), st.floats(-85, 85), st.floats(-179, 179)
).map(np.array)  # fmt: skip


@given(sixes)
def test_six_parameters_are_exactly_undone(six):
    np.testing.assert_allclose(six_from_pose(pose_from_six(six, FRAME), FRAME), six, atol=1e-8)


@given(sixes)
def test_the_translation_is_where_the_centre_is(six):
    np.testing.assert_allclose(transform(pose_from_six(six, FRAME), FRAME.centre_mm), six[:3], atol=1e-9)


def test_theta_turns_the_image_clockwise_on_the_screen():
    # +y is down the rows, so x towards y is clockwise as seen: a point right of the centre moves down.
    camera = camera_from_detector(201, 201, row_spacing_mm=1.0, column_spacing_mm=1.0, source_to_detector_mm=1000.0)
    right_of_centre = FRAME.centre_mm + np.array([20.0, 0.0, 0.0])
    before = project(camera, transform(pose_from_six(np.array([0, 0, 1000.0, 0, 0, 0]), FRAME), right_of_centre))
    after = project(camera, transform(pose_from_six(np.array([0, 0, 1000.0, 90, 0, 0]), FRAME), right_of_centre))
    np.testing.assert_allclose(before, [120.0, 100.0], atol=1e-9)
    np.testing.assert_allclose(after, [100.0, 120.0], atol=1e-9)


def test_head_up_in_the_frontal_base_view():
    camera = camera_from_detector(201, 201, row_spacing_mm=1.0, column_spacing_mm=1.0, source_to_detector_mm=1000.0)
    pose = pose_from_six(np.array([0, 0, 1000.0, 0, 0, 0]), FRAME)
    head = project(camera, transform(pose, FRAME.centre_mm + np.array([0.0, 0.0, 20.0])))
    left = project(camera, transform(pose, FRAME.centre_mm + np.array([20.0, 0.0, 0.0])))
    np.testing.assert_allclose(head, [100.0, 80.0], atol=1e-9)
    np.testing.assert_allclose(left, [120.0, 100.0], atol=1e-9)
