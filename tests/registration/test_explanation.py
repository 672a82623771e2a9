"""An answer that is not sure says why; what is suggested of the frames was tried."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.geometry.camera import Camera
from fluoropose.geometry.field_mask import FieldMask
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.io.bundles import load_bundle
from fluoropose.registration.assessment import Assessment, ErrorEstimate, Status
from fluoropose.registration.explanation import explain
from fluoropose.registration.plan import Plan
from fluoropose.registration.prepared_view import prepare_views
from fluoropose.registration.result import AssessedPose, FrameView, ObjectEstimate
from support.cases import tiny_resident
from support.shots import believed
from support.views import one_view

ERRORS = ErrorEstimate(0.1, 1.0, 0.5)
SURE, LOST = Assessment(Status.TRACKING, 0.9, ERRORS), Assessment(Status.LOST, 0.01, ERRORS)


@pytest.fixture
def resident(small_case, models_root):
    return tiny_resident(small_case, load_bundle(models_root / "small"))


def estimate_at(view, pose, assessment=LOST, similarity=0.2):
    found = AssessedPose(believed(view.resident.case, view.camera, pose), assessment, similarity)
    return ObjectEstimate(pose, assessment, np.eye(6), (found,), ("",))


def explained(resident, frame, camera, pose, *, similarity=0.2, try_frames=None, rough=True, **reading):
    views = prepare_views(resident, [one_view(frame, camera, **reading)], {})
    estimate = estimate_at(views[0], pose, similarity=similarity)
    return explain(views, Plan(pose, nearby=not rough), estimate, try_frames).assessment


def test_a_sure_answer_and_one_that_says_why_stay_as_they_are(resident, camera, frame, pose):
    views = prepare_views(resident, [one_view(frame, camera)], {})
    for assessment in (SURE, replace(LOST, reason="rival-pose")):
        estimate = estimate_at(views[0], pose, assessment)
        assert explain(views, Plan(pose, False), estimate) is estimate


@pytest.mark.parametrize(("similarity", "reason"), [(0.3, "not-seen"), (0.7, "doubtful-match")])
def test_a_pose_in_the_field_is_not_seen_or_doubtful(resident, camera, frame, pose, similarity, reason):
    found = explained(resident, frame, camera, pose, similarity=similarity)
    assert (found.status, found.reason) == (Status.LOST, reason)


def test_a_pose_outside_the_frame_is_outside_the_field(resident, camera, frame, pose):
    beside = pose.copy()
    beside[0, 3] += 400.0
    assert explained(resident, frame, camera, beside).reason == "outside-field"


def test_a_frame_that_shows_nothing_says_so(resident, camera, pose, rng):
    flat = (30000 + rng.integers(0, 20, (camera.rows, camera.columns))).astype(np.uint16)
    assert explained(resident, flat, camera, pose).reason == "not-in-frame"


def test_a_saturated_frame_says_how_much_of_it(resident, camera, frame, pose):
    burnt = frame.copy()
    burnt[: 3 * camera.rows // 4] = np.iinfo(frame.dtype).max
    found = explained(resident, burnt, camera, pose)
    assert found.reason == "saturated"
    assert "75 % of the frame" in found.reason_text


def test_a_principal_point_at_the_corner_is_unlikely(resident, camera, frame, pose):
    matrix = camera.intrinsic_matrix.copy()
    matrix[:2, 2] = 0.0
    found = explained(resident, frame, Camera(camera.rows, camera.columns, matrix), pose)
    assert found.reason == "unlikely-geometry"
    away = np.hypot((camera.rows - 1) / 2, (camera.columns - 1) / 2)
    assert f"{away:.0f} px" in found.reason_text


def test_a_reading_is_suggested_only_where_the_object_was_found_with_it(resident, camera, frame, pose):
    tried = []

    def answering(holds):
        def try_frames(views, plan):
            tried.append(views[0])
            prepared = prepare_views(resident, views, {})
            return estimate_at(prepared[0], pose, SURE if holds(views[0]) else LOST)

        return try_frames

    lines = -np.log(np.maximum(frame.astype(np.float32), 1.0) / frame.max())
    for pixels, holds, reason in (
        (frame, lambda view: view.inverted, "looks-inverted"),
        (frame, lambda view: np.array_equal(view.pixels, frame[:, ::-1]), "looks-mirrored"),
        (lines, lambda view: view.meaning is PixelMeaning.LINE_INTEGRAL, "looks-like-line-integrals"),
        (frame, lambda view: False, "not-seen"),
    ):
        tried.clear()
        found = explained(resident, pixels, camera, pose, try_frames=answering(holds))
        assert found.reason == reason
        assert tried
        tried.clear()
        near = explained(resident, pixels, camera, pose, try_frames=answering(holds), rough=False)
        assert near.reason == "not-seen"
        assert not tried


def test_a_mask_that_is_given_goes_with_every_reading_and_is_mirrored_with_the_frame(resident, camera, frame, pose):
    tried, mask = [], FieldMask(polygon_px=((5, -1), (900, -1), (900, 900), (30, 900)))

    def try_frames(views, plan):
        tried.append(views[0])
        return estimate_at(prepare_views(resident, views, {})[0], pose)

    views = prepare_views(resident, [FrameView(frame, PlacedCamera(camera, mask=mask))], {})
    explain(views, Plan(pose, nearby=False), estimate_at(views[0], pose), try_frames)
    inverted, mirrored = (view.placed.mask.shown(camera.rows, camera.columns) for view in tried)
    shown = mask.shown(camera.rows, camera.columns)
    np.testing.assert_array_equal(inverted, shown)
    np.testing.assert_array_equal(mirrored, shown[:, ::-1])
