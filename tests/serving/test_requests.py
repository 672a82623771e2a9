"""Requests: every rule is checked when the value is made, whichever transport made it."""

import numpy as np
import pytest

from fluoropose.errors import ConflictError, FrameError, GeometryError, InputError
from fluoropose.geometry.rig import SameCameraError
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.serving.camera_request import CameraRequest, CamerasRequest
from fluoropose.serving.frame_request import FrameRules, SmoothingRequest
from fluoropose.serving.messages import EncodedFrame
from fluoropose.serving.requests import (
    ChangeRequest,
    ObjectRequest,
    ObjectsRequest,
    OpeningRequest,
    RegistrationRequest,
    ViewRequest,
)
from fluoropose.tracking.session_settings import UnknownCameraError, WorldFrameError

CAMERA = CameraRequest(96, 128, 1.0, 1.0, 1000.0)
ONE = ObjectsRequest("a")
SKEWED = np.diag([2.0, 1.0, 1.0, 1.0])
FRAME = EncodedFrame(b"pixels")


def test_an_opening_by_hand():
    rules = FrameRules(PixelMeaning.DISPLAY, True, 50.0, "reject", 5.0, SmoothingRequest(2.0, "moving"))
    settings = OpeningRequest(ObjectsRequest("a", np.eye(4)), CamerasRequest(CAMERA), rules).settings
    assert (settings.meaning, settings.inverted, settings.max_frame_age_ms) == (PixelMeaning.DISPLAY, True, 50.0)
    assert (settings.policy, settings.tolerance_ms, settings.smoothing.motion) == ("reject", 5.0, "moving")
    np.testing.assert_array_equal(settings.objects[0].initial_pose, np.eye(4))


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: ObjectsRequest(), InputError, "expected case, or cases, got neither"),
        (lambda: ObjectsRequest("a", cases=[ObjectRequest("b")]), InputError, "got both"),
        (lambda: ObjectsRequest(None, np.eye(4), [ObjectRequest("b")]), InputError, "beside them"),
        (lambda: ObjectRequest("a", SKEWED), GeometryError, "initial_pose must be rigid"),
        (
            lambda: OpeningRequest(ObjectsRequest(cases=[ObjectRequest("a")] * 2), CamerasRequest(CAMERA)),
            ConflictError,
            "each case once",
        ),
        (
            lambda: OpeningRequest(ONE, CamerasRequest(cameras=[("x", CAMERA), ("y", CAMERA)])),
            WorldFrameError,
            "camera_from_world of all 2 cameras",
        ),
        (
            lambda: OpeningRequest(ONE, CamerasRequest(CAMERA), FrameRules(pairing_tolerance_ms=-1.0)),
            InputError,
            "pairing tolerance of at least 0 ms, got -1",
        ),
        (lambda: ChangeRequest(initial_pose=SKEWED), GeometryError, "initial_pose"),
        (lambda: ChangeRequest(cameras=[("x", CAMERA)] * 2), SameCameraError, "each camera once"),
    ],
)
def test_what_cannot_be_meant_is_refused_when_it_is_made(make, kind, words):
    with pytest.raises(kind, match=words):
        make()


def test_a_change_of_nothing_begins_again():
    change = ChangeRequest().change
    assert change.restarts
    assert not change.cameras
    assert list(ChangeRequest(camera=CAMERA, cameras=[("x", CAMERA)]).change.cameras) == [None, "x"]


def test_a_registration_of_one_camera_keeps_what_its_frame_says():
    asked = RegistrationRequest(ONE, CamerasRequest(CAMERA), EncodedFrame(b"pixels", camera="camera"))
    assert [frame.camera for frame in asked.frames] == ["camera"]
    with pytest.raises(UnknownCameraError):
        asked.settings.camera_name("elsewhere")


def test_views_without_a_name_are_named_by_their_number():
    places = [np.eye(4), np.eye(4)]
    places[1][0, 3] = 5.0
    cameras = [CameraRequest(96, 128, 1.0, 1.0, 1000.0, camera_from_world=place) for place in places]
    asked = RegistrationRequest(ONE, views=[ViewRequest(cameras[0], FRAME), ViewRequest(cameras[1], FRAME, "side")])
    assert [frame.camera for frame in asked.frames] == ["0", "side"] == list(asked.settings.cameras)


@pytest.mark.parametrize(
    ("fields", "kind", "words"),
    [
        ({}, InputError, "expected camera, or views, got neither"),
        ({"cameras": CamerasRequest(CAMERA), "views": []}, InputError, "expected camera, or views, got both"),
        ({"views": [ViewRequest(CAMERA, FRAME)], "frame": FRAME}, InputError, "a frame in each of views"),
        ({"views": []}, InputError, "1 to 4 cameras, got 0"),
        ({"views": [ViewRequest(CAMERA, FRAME, "x")] * 2}, SameCameraError, "the names x, x"),
        ({"views": [ViewRequest(CAMERA, None)]}, FrameError, "got none"),
        ({"cameras": CamerasRequest(CAMERA)}, FrameError, "got none"),
    ],
)
def test_registrations_that_cannot_be_meant(fields, kind, words):
    with pytest.raises(kind, match=words):
        RegistrationRequest(ONE, **fields)
