"""Alignment brings a pose that is nearly right nearer, says how sure it is, and leaves alone what it cannot better."""

import numpy as np
import pytest

from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rigid import inverse, rigid, transform
from fluoropose.geometry.rotation import about_y, to_zxy
from fluoropose.registration.multi_view_solver import CalibratedView, JointFinding, aligned_jointly
from fluoropose.registration.refinement import edge_alignment as align
from fluoropose.registration.refinement.edge_alignment import aligned, edge_look
from fluoropose.registration.regression.residual import align_view
from support.shots import SIGMAS, believed, fine_camera, shot

RIGHT = np.array([2.0, -3.0, 895.0, 4.0, 4.3, -4.6])
OFF = np.array([0.1, -0.1, 5.0, 0.3, 0.8, -0.8])


@pytest.fixture
def camera():
    return fine_camera()


def pose_of(case, six):
    return pose_from_six(six, case.pose_frame)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_pose_nearly_right_comes_nearer_from_either_side(small_case, camera, rng, sign):
    right = pose_of(small_case, RIGHT)
    start = pose_of(small_case, RIGHT + sign * OFF)
    found = aligned(shot(small_case, camera, right, rng), camera, believed(small_case, camera, start), small_case.atlas)
    before, after = (pose_error(pose, right, small_case.corners_mm) for pose in (start, found.camera_from_volume))
    assert after.mtre_proj_mm < 0.25 * before.mtre_proj_mm
    assert after.depth_mm < 0.4 * before.depth_mm
    assert after.rotation_deg < 0.4 * before.rotation_deg
    # Sure of more than the networks were, and not of much more than it is worth.
    assert (found.regression.sigmas[0] < SIGMAS).all()
    assert after.depth_mm < 4.0 * found.regression.sigmas[0, 2]
    assert (found.regress_ns, found.refine_ns, found.quality_ns) == (1, 2, 3)
    assert found.regression.presence[0] == 1.0


def test_far_from_the_base_view_a_right_pose_between_views_stays(small_case, camera, rng):
    """The grid's beta turns the object before its alpha: taken for a turn after it, theta would be a quarter of a degree off."""
    for beta in (-1.8, 1.8):
        right = pose_of(small_case, np.array([2.0, -3.0, 895.0, 4.0, 8.0, beta]))
        finding = believed(small_case, camera, right)
        found = aligned(shot(small_case, camera, right, rng), camera, finding, small_case.atlas)
        canonical = (align_view(pose, camera, small_case.atlas).pose for pose in (right, found.camera_from_volume))
        before, after = (to_zxy(pose.camera_from_canonical)[0] for pose in canonical)
        assert abs(np.rad2deg(after - before)) < 0.08


def test_half_way_between_views_steps_end_too(small_case, camera, rng, monkeypatch):
    """Each of two views may say that the pose is nearer to the other: steps went to and fro there, to the last allowed."""
    looks = []
    monkeypatch.setattr(align, "edge_look", lambda *given: looks.append(1) or edge_look(*given))
    for index in range(12):
        between = (rng.integers(-2, 2, 2) + 0.5) * small_case.atlas.grid.step_deg + rng.normal(0.0, 0.05, 2)
        right = np.array([2.0, -3.0, 895.0, 4.0, *between])
        start = right + rng.normal(0.0, 1.0, 6) * [0.1, 0.1, 3.0, 0.3, 0.6, 0.6]
        frame = shot(small_case, camera, pose_of(small_case, right), rng)
        aligned(frame, camera, believed(small_case, camera, pose_of(small_case, start)), small_case.atlas)
        assert len(looks) <= 5, index
        looks.clear()


def test_what_the_networks_do_not_see_is_left_alone(small_case, camera, rng):
    start = pose_of(small_case, RIGHT + OFF)
    finding = believed(small_case, camera, start, presence=0.05)
    frame = shot(small_case, camera, pose_of(small_case, RIGHT), rng)
    assert aligned(frame, camera, finding, small_case.atlas) is finding


def test_an_empty_frame_leaves_the_networks_pose(small_case, camera):
    start = pose_of(small_case, RIGHT + OFF)
    finding = believed(small_case, camera, start)
    found = aligned(np.zeros((192, 192), np.float32), camera, finding, small_case.atlas)
    moved = pose_error(found.camera_from_volume, start, small_case.corners_mm)
    assert moved.in_plane_mm < 0.01 and moved.depth_mm < 0.2 and moved.rotation_deg < 0.05
