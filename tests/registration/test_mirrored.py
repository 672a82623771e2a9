"""A mirrored frame is told by what it shows when it is read the other way round."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.geometry.camera import Camera, project
from fluoropose.geometry.field_mask import FieldMask
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import transform
from fluoropose.registration.assessment import WHOLLY_SEEN, Assessment, ErrorEstimate, Status
from fluoropose.registration.mirrored import is_beyond_doubt, looks_mirrored, mirrored_poses
from fluoropose.registration.pipeline import doubt_mirrored
from fluoropose.registration.prepared_view import prepare_views
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import AssessedPose, FrameView, ObjectEstimate
from support.shots import believed, fine_camera, shot
from support.steppers import RecordingStepper

SURE = Assessment(Status.TRACKING, 0.9, ErrorEstimate(0.1, 1.0, 0.5))


def prepared(case, camera, frame, mask=None):
    resident, placed = ResidentCase(case, RecordingStepper(None)), PlacedCamera(camera, mask=mask)
    (view,) = prepare_views(resident, [FrameView(frame, placed)], {})
    return view


@pytest.fixture
def pictures(small_case, pose, rng):
    """A frame of the small object, and the same mirrored."""
    frame = np.exp(-shot(small_case, fine_camera(), pose, rng)).astype(np.float32)
    return frame, np.ascontiguousarray(frame[:, ::-1])


def at(case, camera, pose, similarity=0.8):
    return AssessedPose(believed(case, camera, pose), SURE, similarity)


def test_the_pose_in_the_other_reading_is_a_pose_at_the_mirrored_place(small_case, pose):
    centre = small_case.atlas.view.centre_mm
    found = mirrored_poses(pose, centre)
    assert len(found) == 3
    for one in found:
        assert np.linalg.det(one[:3, :3]) == pytest.approx(1.0)
        np.testing.assert_allclose(transform(one, centre), transform(pose, centre) * [-1.0, 1.0, 1.0], atol=1e-9)
    points = np.array([[3.0, -2.0, 5.0], [0.0, 7.0, 1.0]])
    own = np.diag([-1.0, 1.0, 1.0])
    mirrored_points = centre + (points - centre) @ own
    wanted = transform(pose, points) * [-1.0, 1.0, 1.0]
    np.testing.assert_allclose(transform(found[0], mirrored_points), wanted, atol=1e-9)


def test_what_is_seen_wholly_is_beyond_doubt(small_case, pose):
    assert is_beyond_doubt(at(small_case, fine_camera(), pose, WHOLLY_SEEN))
    assert not is_beyond_doubt(at(small_case, fine_camera(), pose, WHOLLY_SEEN - 0.01))
    partly = replace(at(small_case, fine_camera(), pose, WHOLLY_SEEN), assessment=replace(SURE, visible_fraction=0.5))
    assert not is_beyond_doubt(partly)


def test_a_mirrored_frame_looks_mirrored_and_a_right_one_does_not(small_case, pose, pictures):
    frame, mirrored = pictures
    camera = fine_camera()
    wrong = mirrored_poses(pose, small_case.atlas.view.centre_mm)[0]

    def follow(view, start):
        return at(small_case, view.camera, pose if np.array_equal(view.image, told.image[:, ::-1]) else start)

    told = prepared(small_case, camera, mirrored)
    assert looks_mirrored(told, at(small_case, camera, wrong), follow)
    told = prepared(small_case, camera, frame)
    assert not looks_mirrored(told, at(small_case, camera, pose), lambda view, start: at(small_case, camera, start))


def test_the_mirrored_camera_has_its_principal_point_on_the_other_side(small_case, pose, pictures):
    matrix = fine_camera().intrinsic_matrix.copy()
    matrix[0, 2] += 7.0
    camera = Camera(192, 192, matrix)
    seen = []

    def follow(view, start):
        seen.append(view.camera)
        return at(small_case, view.camera, start)

    looks_mirrored(prepared(small_case, camera, pictures[0]), at(small_case, camera, pose), follow)
    place = np.array([10.0, 5.0, 900.0])
    u, v = project(camera, place)
    mirrored_u, mirrored_v = project(seen[0], place * [-1.0, 1.0, 1.0])
    assert (mirrored_u, mirrored_v) == pytest.approx((191.0 - u, v))


def test_a_mask_that_is_given_is_mirrored_with_the_frame(small_case, pose, pictures):
    camera, seen = fine_camera(), []

    def follow(view, start):
        seen.append(view)
        return at(small_case, view.camera, start)

    told = prepared(small_case, camera, pictures[0], FieldMask(polygon_px=((20, -1), (250, -1), (250, 250), (60, 250))))
    looks_mirrored(told, at(small_case, camera, pose), follow)
    np.testing.assert_array_equal(seen[0].unused, told.unused[:, ::-1])
    np.testing.assert_array_equal(seen[0].exposure.pixels, told.exposure.pixels[:, ::-1])


def test_only_a_sure_pose_that_is_not_beyond_doubt_is_looked_at(small_case, pose, pictures):
    view = prepared(small_case, fine_camera(), pictures[0])

    def estimate(similarity, status=Status.TRACKING):
        said = replace(SURE, status=status)
        found = replace(at(small_case, fine_camera(), pose, similarity), assessment=said)
        return ObjectEstimate(pose, said, np.eye(6), (found,), ("",))

    for one in (estimate(WHOLLY_SEEN), estimate(0.5, Status.LOW_CONFIDENCE)):
        assert doubt_mirrored(view, one) is one
