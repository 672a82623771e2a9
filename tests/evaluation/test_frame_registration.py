"""The one place that registers frames: one, several views, several objects; and what a trial is told."""

import numpy as np

from fluoropose.evaluation.frame_registration import (
    Reading,
    register_frame,
    register_in_frame,
    register_views,
    trial_result,
)
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.registration.plan import Plan
from fluoropose.registration.result import FrameView


def test_one_frame_one_view_and_one_object_are_the_same(resident, camera, frame, pose):
    plan, view = Plan(pose, nearby=False), FrameView(frame, PlacedCamera(camera))
    found = register_frame(resident, frame, camera, plan)
    np.testing.assert_array_equal(register_views(resident, [view], plan).camera_from_volume, found.camera_from_volume)
    (alone,) = register_in_frame([resident], view, [plan])
    np.testing.assert_array_equal(alone.camera_from_volume, found.camera_from_volume)


def test_a_trial_is_told_pose_status_and_times(resident, camera, frame, pose):
    found = register_frame(resident, frame, camera, Plan(pose, nearby=False))
    told = trial_result(found)
    assert told.status == found.assessment.status.value
    assert told.confidence == found.assessment.confidence
    assert told.timing_ms == found.timing_ms
    assert told.camera_from_volume is found.camera_from_volume


def test_pixels_are_read_as_told(resident, camera, frame, pose):
    inverted = frame.max() - frame
    found = register_frame(resident, frame, camera, Plan(pose, nearby=False), Reading(PixelMeaning.DISPLAY))
    other = register_frame(
        resident, inverted, camera, Plan(pose, nearby=False), Reading(PixelMeaning.DISPLAY, inverted=True)
    )
    np.testing.assert_allclose(other.camera_from_volume, found.camera_from_volume, atol=0.5)
