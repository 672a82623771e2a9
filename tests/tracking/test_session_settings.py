"""The settings of a session: cameras that belong together, the place of one that moves, numbers in range."""

import numpy as np
import pytest

from fluoropose.errors import ConflictError, InputError
from fluoropose.geometry.rig import ContradictionError, SameCameraError
from fluoropose.geometry.rigid import rigid
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.tracking.session_settings import (
    Change,
    ObjectStart,
    SessionCamera,
    SessionSettings,
    UnknownCameraError,
    WorldFrameError,
)
from support.sessions import (
    CAMERA,
    offer_frame,
    pair,
    seen_from,
    session,
    take,
)


def settings(**cameras):
    return SessionSettings((ObjectStart("case"),), cameras, PixelMeaning.INTENSITY)


def test_cameras_that_cannot_serve_one_session():
    away = SessionCamera(CAMERA, rigid(np.eye(3), np.array([0.0, 0.0, -5000.0])) @ seen_from(180).camera_from_world)
    with pytest.raises(WorldFrameError, match="of all 2 cameras, got none of b"):
        settings(a=seen_from(0), b=SessionCamera(CAMERA))
    with pytest.raises(SameCameraError, match="0.00 mm and 0.00 degrees"):
        settings(a=seen_from(0), b=seen_from(90), c=seen_from(0))
    with pytest.raises(ContradictionError, match="got none"):
        settings(a=seen_from(0), b=away)
    with pytest.raises(InputError, match="1 to 4 cameras, got 5"):
        settings(**{f"c{n}": seen_from(20 * n) for n in range(5)})
    with pytest.raises(InputError, match="1 to 4 cameras, got 0"):
        settings()


def test_a_camera_that_moves_says_so_from_the_first_frame_on():
    place = seen_from(30).camera_from_world
    one = session()
    one.offer("still", None, 0, 0)
    _, (drop,) = one.offer("moved", None, 0, 0, camera_from_world=place)
    assert (drop.reason, drop.error.code) == ("invalid", "no-common-world")
    moving = session()
    moving.offer("moved", None, 0, 0, camera_from_world=place)
    (camera_frame,) = take(moving).camera_frames
    np.testing.assert_allclose(camera_frame.placed.camera_from_world, place, atol=1e-12)
    _, (drop,) = moving.offer("still", None, 0, 0)
    assert drop.error.code == "no-common-world"
    both = pair()
    offer_frame(both, "a", 1.0)
    assert offer_frame(both, "a", 2.0, camera_from_world=place)[1][0].reason == "superseded"


def test_a_case_for_a_cameras_direction_needs_a_session_of_one_object():
    side = SessionCamera(CAMERA, seen_from(90).camera_from_world, "knee-side")
    cameras = {"a": seen_from(0), "b": side}
    alone = SessionSettings((ObjectStart("knee"),), cameras, PixelMeaning.INTENSITY)
    assert alone.directions == {"b": "knee-side"}
    assert Change({"b": side, "a": seen_from(0)}).directions == ["knee-side"]
    with pytest.raises(InputError, match="expected one case where a camera has its own, got 2"):
        SessionSettings((ObjectStart("knee"), ObjectStart("hip")), cameras, PixelMeaning.INTENSITY)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tolerance_ms": -1.0}, "at least 0 ms, got -1.0"),
        ({"tolerance_ms": float("nan")}, "at least 0 ms, got nan"),
        ({"cameras": {"": SessionCamera(CAMERA)}}, "1 to 64 characters, got 0"),
        ({"cameras": {"n" * 65: SessionCamera(CAMERA)}}, "1 to 64 characters, got 65"),
        ({"objects": ()}, "1 to 8 cases, got 0"),
        ({"objects": tuple(ObjectStart(f"{n}") for n in range(9))}, "1 to 8 cases, got 9"),
        ({"objects": (ObjectStart("x"), ObjectStart("x"))}, "each case once, got x again"),
    ],
)
def test_numbers_and_names_out_of_range_are_refused(change, words):
    usual = {"objects": (ObjectStart("x"),), "cameras": {"a": SessionCamera(CAMERA)}, "meaning": PixelMeaning.INTENSITY}
    with pytest.raises((InputError, ConflictError), match=words):
        SessionSettings(**(usual | change))


def test_a_frame_names_its_camera_unless_there_is_only_one():
    assert SessionSettings.from_camera("x", CAMERA, PixelMeaning.INTENSITY).camera_name(None) == "camera"
    with pytest.raises(UnknownCameraError, match="of: a, b; got none"):
        pair().settings.camera_name(None)


def test_a_frames_own_place_counts_before_the_sessions():
    there, elsewhere = seen_from(0), seen_from(30).camera_from_world
    np.testing.assert_allclose(there.place().camera_from_world, there.camera_from_world)
    np.testing.assert_allclose(there.place(elsewhere).camera_from_world, elsewhere, atol=1e-12)
    assert SessionCamera(CAMERA).place().at_origin


def test_only_a_change_of_objects_alone_restarts_nothing():
    assert not Change(add=(ObjectStart("x"),)).restarts
    assert not Change(remove=("x",)).restarts
    assert Change().restarts
    assert Change({"a": seen_from(0)}, add=(ObjectStart("x"),)).restarts
    assert Change(initial_pose=np.eye(4), remove=("x",)).restarts
