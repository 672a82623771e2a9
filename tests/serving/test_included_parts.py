"""What results hold on request: for those who ask, in the axes and pixels of the frame's camera, and only then."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.drr.silhouette import object_outline
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import about_y
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.registration.assessment import Status, expected_errors
from fluoropose.registration.error_inflation import Evidence
from fluoropose.registration.result import JudgedErrors
from fluoropose.serving import included_parts as module
from fluoropose.serving.included_parts import camera_covariance, included_parts, pose_in_frame
from fluoropose.tracking.jobs import CameraFrame, ReceivedFrame
from fluoropose.tracking.session_settings import Change, ObjectStart, SessionCamera, SessionSettings
from fluoropose.tracking.tracker import TrackState
from support.results import made_registration
from support.views import rig_places, taken

SPREAD = np.diag([1.0, 4.0, 25.0, 1e-4, 4e-4, 9e-4])
ALL = frozenset({"outline", "covariance"})


def seen(camera, place=None, **fields):
    placed = PlacedCamera(camera) if place is None else PlacedCamera(camera, place)
    return CameraFrame(ReceivedFrame(1, 0, 0, 0, 0.0, None, "a"), placed, **fields)


@pytest.fixture
def resident(stage):
    return stage.service.resident("small")


@pytest.fixture
def found(pose):
    return replace(
        made_registration(),
        camera_from_volume=pose,
        world_from_volume=pose,
        judged=JudgedErrors(Evidence(), np.linalg.inv(SPREAD), SPREAD),
    )


def test_who_asks_gets_the_outline_at_the_pose_and_the_covariance(resident, camera, found):
    parts = included_parts(ALL, found, seen(camera), resident)
    expected = object_outline(resident.renderer, camera, found.camera_from_volume, resident.case.corners_mm)
    assert len(parts.outline) == len(expected) > 0
    np.testing.assert_array_equal(parts.outline[0], expected[0])
    np.testing.assert_allclose(parts.covariance, SPREAD, rtol=1e-9)


def test_who_does_not_ask_pays_nothing(resident, camera, found, monkeypatch):
    def refuse(*arguments):
        raise AssertionError("rendered though nobody asked")

    monkeypatch.setattr(module, "object_outline", refuse)
    nothing = included_parts(frozenset(), found, seen(camera), resident)
    assert nothing.outline is None and nothing.covariance is None
    assert included_parts(frozenset({"covariance"}), found, seen(camera), resident).outline is None


def test_a_lost_object_has_neither(resident, camera, found):
    lost = replace(found, assessment=replace(found.assessment, status=Status.LOST))
    parts = included_parts(ALL, lost, seen(camera), resident)
    assert parts.outline is None and parts.covariance is None


def test_the_covariance_turns_with_the_camera_as_the_expected_errors_do():
    place = rigid(about_y(np.pi / 2), np.array([10.0, 0.0, 700.0]))
    turned = camera_covariance(SPREAD, place)
    np.testing.assert_allclose(np.diag(turned), [25.0, 4.0, 1.0, 9e-4, 4e-4, 1e-4], atol=1e-12)
    errors = expected_errors(SPREAD, place)
    assert errors.depth_mm == pytest.approx(np.sqrt(turned[2, 2]))
    assert errors.in_plane_mm == pytest.approx(np.sqrt(turned[0, 0] + turned[1, 1]))


def test_without_views_the_pose_is_the_registrations():
    np.testing.assert_array_equal(pose_in_frame(made_registration(), "a"), np.eye(4))


def test_each_camera_of_a_pair_gets_its_own_outline(stage, small_case, camera, pose):
    places = rig_places(small_case, pose)
    cameras = {name: SessionCamera(camera, place) for name, place in places.items()}
    settings = SessionSettings((ObjectStart("small", pose),), cameras, PixelMeaning.INTENSITY, include=ALL)
    session = stage.service.open_session(settings)
    resident = stage.service.resident("small")

    async def run():
        results = {}
        for name, place in places.items():
            frame = stage.frame(taken(small_case, camera, place @ pose), camera=name, captured_s=1e9)
            results[name] = await stage.broker.answer(session, frame, "http")
        return results

    for name, result in stage.run(run()).items():
        part = result.first
        if part.registration.assessment.status is Status.LOST:
            assert part.outline is None
            continue
        expected = object_outline(resident.renderer, camera, part.camera_from_volume, resident.case.corners_mm)
        np.testing.assert_array_equal(part.outline[0], expected[0])
        turned = camera_covariance(part.registration.covariance, places[name])
        np.testing.assert_allclose(part.covariance, turned)
        assert result.timing_ms["include"] > 0.0


def test_a_change_of_what_is_included_restarts_nothing(stage):
    session = stage.session()
    session.tracker.receive(np.eye(4), Status.TRACKING, 0.0, session.tracker.plan(0.0))
    assert session.tracker.state is TrackState.TRACKING
    session.change(Change(include=ALL), {})
    assert session.settings.include == ALL and session.tracker.state is TrackState.TRACKING
    session.change(Change(include=frozenset()), {})
    assert session.settings.include == frozenset()
    session.change(Change(), {})
    assert session.tracker.state is TrackState.NEW
