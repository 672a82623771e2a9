"""The canonical view: poses that come back, the exact warp, and the error of the range."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluoropose.errors import GeometryError
from fluoropose.geometry.camera import camera_from_detector, project
from fluoropose.geometry.canonical import (
    CanonicalView,
    canonical_homography,
    canonical_pose,
    pose_from_canonical,
    view_rotation,
)
from fluoropose.geometry.pose6 import Pose6Frame, pose_from_six
from fluoropose.geometry.rigid import rigid, transform
from fluoropose.geometry.rotation import about_x

VIEW = CanonicalView(np.array([5.0, -8.0, 120.0]), about_x(np.pi / 2), 128, 90.0, 900.0)
FRAME = Pose6Frame(VIEW.centre_mm, VIEW.base_rotation)
CAMERA = camera_from_detector(512, 640, row_spacing_mm=0.4, column_spacing_mm=0.41, source_to_detector_mm=1150.0)
sixes = st.tuples(
    st.floats(-60, 60), st.floats(-60, 60), st.floats(700, 1050), st.floats(-170, 170), st.floats(-60, 60), st.floats(-60, 60)
).map(np.array)  # fmt: skip


@given(sixes)
def test_a_pose_is_put_together_again(six):
    pose = pose_from_six(six, FRAME)
    apart = canonical_pose(pose, VIEW)
    rotation = view_rotation(apart.alpha_rad, apart.beta_rad, VIEW)
    again = pose_from_canonical(apart.camera_from_canonical, rotation, np.array([0, 0, apart.range_mm]), VIEW)
    np.testing.assert_allclose(again, pose, atol=1e-8)


@given(sixes)
def test_the_warp_is_exact_at_nominal_range(six):
    """Seen from the nominal range, any point lands where the warp says, whatever its depth in the object."""
    six = six.copy()
    six[:3] *= VIEW.range_mm / np.linalg.norm(six[:3])
    pose = pose_from_six(six, FRAME)
    apart = canonical_pose(pose, VIEW)
    points = VIEW.centre_mm + np.array([[0, 0, 0], [30.0, 10, -20], [-12, 25, 31], [3, -28, 8]])
    canonical = rigid(view_rotation(apart.alpha_rad, apart.beta_rad, VIEW), np.zeros(3))
    canonical[:3, 3] = np.array([0, 0, VIEW.range_mm]) - canonical[:3, :3] @ VIEW.centre_mm
    in_canonical = project(VIEW.camera, transform(canonical, points))
    homogeneous = np.c_[in_canonical, np.ones(len(points))] @ canonical_homography(CAMERA, apart, VIEW).T
    in_frame = project(CAMERA, transform(pose, points))
    np.testing.assert_allclose(homogeneous[:, :2] / homogeneous[:, 2:], in_frame, atol=1e-6)


def test_depth_as_a_scale_is_wrong_by_as_much_as_the_formula_says():
    """Two points 100 mm off the axis and 100 mm apart in depth, 50 mm off nominal at 900 mm: about 0.6 mm apart."""
    view = CanonicalView(np.zeros(3), np.eye(3), 128, 300.0, 900.0)
    points = np.array([[100.0, 0.0, -50.0], [100.0, 0.0, 50.0]])
    shown = []
    for range_mm in (900.0, 950.0):
        seen = points + [0.0, 0.0, range_mm]
        at_object = seen[:, 0] / seen[:, 2] * range_mm
        shown.append(at_object[0] - at_object[1])
    assert abs(shown[0] - shown[1]) == pytest.approx(0.62, abs=0.05)
    assert view.camera.focal_px == pytest.approx(900.0 * 128 / 300.0)


def test_an_object_behind_the_source_is_refused():
    with pytest.raises(GeometryError, match="in front of the source"):
        canonical_pose(pose_from_six(np.array([0, 0, -900.0, 0, 0, 0]), FRAME), VIEW)
