"""Instants of a trial: the track goes on, a late view is no doubt, what was found before is not done again."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.geometry.rig import PlacedCamera
from fluoropose.io.bundles import load_bundle
from fluoropose.registration.assessment import Status
from fluoropose.registration.prepared_view import shared_pictures
from fluoropose.registration.reasons import VIEW_NOT_CACHED
from fluoropose.registration.result import FrameView
from fluoropose.tracking import trial as module
from fluoropose.tracking.tracker import TrackState
from fluoropose.tracking.trial import TrialObject, follow_instant, skip_instant
from support.cases import tiny_resident
from support.results import made_registration


@pytest.fixture
def resident(small_case, models_root):
    return tiny_resident(small_case, load_bundle(models_root / "small"))


def test_an_object_is_followed_from_its_start(resident, camera, frame, pose):
    one = TrialObject.begin(resident, pose)
    (found,) = follow_instant([one], [FrameView(frame, PlacedCamera(camera))], 0.0)
    assert np.abs(found.camera_from_volume[:3, 3] - pose[:3, 3]).max() < 60.0
    assert one.tracker.last_status is found.assessment.status


def test_line_integrals_that_are_made_already_change_nothing(resident, camera, frame, pose):
    views = [FrameView(frame, PlacedCamera(camera))]
    poses = []
    for pictures in (None, shared_pictures([resident], views)):
        (found,) = follow_instant([TrialObject.begin(resident, pose)], views, 0.0, pictures)
        poses.append(found.world_from_volume)
    np.testing.assert_array_equal(*poses)


def test_a_frame_that_waited_for_views_is_not_doubtful_here(resident, camera, frame, pose, monkeypatch):
    made = made_registration()
    late = replace(made, assessment=replace(made.assessment, status=Status.LOW_CONFIDENCE, reason=VIEW_NOT_CACHED))
    monkeypatch.setattr(module, "register_objects", lambda *given, **named: (late,))
    one = TrialObject.begin(resident, pose)
    (found,) = follow_instant([one], [FrameView(frame, PlacedCamera(camera))], 0.0)
    assert (found.assessment.status, found.assessment.reason) == (Status.TRACKING, "")
    assert one.tracker.state is TrackState.TRACKING


def test_what_was_found_before_moves_the_track_on(resident, pose):
    one = TrialObject.begin(resident, None)
    skip_instant(one, pose, Status.TRACKING, 0.0)
    assert one.tracker.state is TrackState.TRACKING
    np.testing.assert_array_equal(one.tracker.last_pose, pose)
    skip_instant(one, np.eye(4), Status.LOST, 0.1)
    assert one.tracker.state is TrackState.SEARCHING
