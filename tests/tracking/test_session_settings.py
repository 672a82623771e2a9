"""The settings of a session: cameras that belong together, the place of one that moves, numbers in range."""

import numpy as np
import pytest

from fluoropose.errors import InputError
from fluoropose.geometry.rig import ContradictionError, SameCameraError
from fluoropose.geometry.rigid import rigid
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.tracking.session_settings import (
    ObjectStart,
    SessionCamera,
    SessionSettings,
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
