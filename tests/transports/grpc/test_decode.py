"""From gRPC's messages to requests: presence and lengths here, rules in the requests, no word of HTTP in an error."""

import numpy as np
import pytest

from fluoropose.errors import FluoroposeError, FrameError, GeometryError, InputError
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rig import SameCameraError
from fluoropose.geometry.tolerance import CameraTolerance
from fluoropose.transports.grpc import fluoropose_pb2 as pb
from fluoropose.transports.grpc.decode import (
    decode_camera,
    decode_change,
    decode_frame,
    decode_registration,
    decode_session,
)

GOOD = {"rows": 96, "columns": 128, "row_spacing_mm": 1.0, "column_spacing_mm": 1.0, "source_to_detector_mm": 1000.0}
FLAT = np.eye(4).ravel().tolist()
HTTP_WORDS = ("X-Frame-Meta", "header", "JSON", "base64", "form")


def settings(**fields):
    return pb.SessionSettings(**({"case": "a", "camera": pb.Camera(**GOOD)} | fields))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "got 0 x 0"),
        ({"rows": 96, "columns": 128}, "got neither"),
        ({"rows": 96, "columns": 128, "row_spacing_mm": 1.0}, "got row_spacing_mm"),
        (GOOD | {"principal_point_px": [1.0]}, "got 1 numbers"),
        (GOOD | {"intrinsic_matrix": [1.0] * 9}, "nothing beside"),
        ({"rows": 96, "columns": 128, "intrinsic_matrix": [1.0] * 8}, "got 8"),
        (GOOD | {"row_spacing_mm": 0.0}, "spacing"),
        (GOOD | {"source_to_detector_mm": float("nan")}, "got nan"),
        (GOOD | {"rows": 10**6}, "1000000"),
    ],
)
def test_cameras_that_cannot_be_meant(fields, words):
    with pytest.raises(GeometryError, match=words):
        decode_camera(pb.Camera(**fields))


def test_a_session_by_hand():
    message = settings(initial_pose=FLAT, policy=pb.REJECT, smoothing=pb.Smoothing(window_s=2.0, object=pb.MOVING))
    opened = decode_session(message).settings
    assert (opened.policy, opened.smoothing.motion, opened.tolerance_ms) == ("reject", "moving", 20.0)
    assert list(opened.cameras) == ["camera"]
    np.testing.assert_array_equal(opened.objects[0].initial_pose, np.eye(4))


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"max_frame_age_ms": -1.0}, InputError, "max_frame_age_ms above 0"),
        ({"pixel_meaning": 7}, InputError, "a known pixel_meaning"),
        ({"policy": 9}, InputError, "policy"),
        ({"pairing_tolerance_ms": float("nan")}, InputError, "pairing tolerance"),
        ({"smoothing": pb.Smoothing(window_s=0.0)}, InputError, "window_s above 0"),
        ({"smoothing": pb.Smoothing(window_s=1.0, object=5)}, InputError, "still or moving"),
        ({"case": ""}, InputError, "expected case, or cases, got neither"),
        ({"cases": [pb.Object(case="b")]}, InputError, "expected case, or cases, got both"),
        ({"case": "", "initial_pose": FLAT, "cases": [pb.Object(case="b")]}, InputError, "beside them"),
        ({"initial_pose": [1.0, 2.0, 3.0]}, GeometryError, "initial_pose as 16 numbers, row by row, got 3"),
        ({"initial_pose": np.diag([2.0, 1, 1, 1]).ravel()}, GeometryError, "rigid"),
        ({"cameras": [pb.NamedCamera(name="x", camera=pb.Camera(**GOOD))]}, InputError, "got both"),
        (
            {"camera": None, "cameras": [pb.NamedCamera(name="x", camera=pb.Camera(**GOOD))] * 2},
            SameCameraError,
            "each camera once",
        ),
    ],
)
def test_sessions_that_cannot_be_meant(change, kind, words):
    with pytest.raises(kind, match=words) as refused:
        decode_session(settings(**change))
    assert not any(word in str(refused.value) for word in HTTP_WORDS)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"captured_at": float("inf")}, "captured_at as Unix seconds"),
        ({"rows": 10**6}, "1000000"),
        ({"camera_from_world": FLAT, "c_arm": pb.CArm(source_to_isocenter_mm=700.0)}, "got both"),
        ({"c_arm": pb.CArm()}, "source_to_isocenter_mm must be a positive length"),
        ({"camera_from_world": FLAT[:12]}, "16 numbers, row by row, got 12"),
    ],
)
def test_frames_that_cannot_be_meant(fields, words):
    with pytest.raises(FluoroposeError, match=words) as refused:
        decode_frame(pb.Frame(**fields))
    assert not any(word in str(refused.value) for word in HTTP_WORDS)


def test_raw_pixels_without_their_type_are_refused_without_a_word_of_http():
    camera = Camera(4, 4, [[10.0, 0, 1.5], [0, 10.0, 1.5], [0, 0, 1.0]])
    with pytest.raises(FrameError, match="dtype must be one of") as refused:
        decode_frame(pb.Frame(data=b"\0" * 16)).pixels(camera)
    assert not any(word in str(refused.value) for word in HTTP_WORDS)


def test_a_change_by_hand():
    message = pb.Restart(camera=pb.Camera(**GOOD), add=[pb.Object(case="b")], remove=["a"], initial_pose=FLAT)
    change = decode_change(message).change
    assert (list(change.cameras), change.remove, change.case) == ([None], ("a",), None)
    assert [start.case for start in change.add] == ["b"]


def test_a_registration_has_a_frame_or_views():
    frame = pb.Frame(data=b"pixels", dtype="uint8", seq=3)
    (alone,) = decode_registration(pb.RegisterRequest(settings=settings(), frame=frame)).frames
    assert (alone.body, alone.seq) == (b"pixels", 3)
    view = pb.View(camera=pb.Camera(**GOOD), frame=frame)
    only = pb.SessionSettings(case="a")
    (seen,) = decode_registration(pb.RegisterRequest(settings=only, views=[view])).frames
    assert seen.camera == "0"
    for message, words in (
        (pb.RegisterRequest(settings=settings(), views=[view]), "camera, or views, got both"),
        (pb.RegisterRequest(settings=only, views=[view], frame=frame), "a frame in each of views"),
        (pb.RegisterRequest(settings=only, frame=frame), "expected camera, or cameras, got neither"),
        (pb.RegisterRequest(settings=settings()), "a frame of each view, got none"),
    ):
        with pytest.raises(InputError, match=words):
            decode_registration(message)


def test_a_mask_by_hand():
    mask = pb.Mask(circle_px=[5.0, 6.0, 7.0], polygon_px=[0, 0, 9, 0, 0, 9], hidden_px=[1, 2, 3, 4])
    found = decode_camera(pb.Camera(**GOOD, mask=mask)).mask
    assert found.circle_px == (5.0, 6.0, 7.0)
    assert found.polygon_px == ((0.0, 0.0), (9.0, 0.0), (0.0, 9.0))
    assert found.hidden_px == ((1.0, 2.0, 3.0, 4.0),)
    assert decode_camera(pb.Camera(**GOOD)).mask is None
    with pytest.raises(GeometryError, match="2 finite numbers"):
        decode_camera(pb.Camera(**GOOD, mask=pb.Mask(polygon_px=[0, 0, 9, 0, 0])))


def test_a_tolerance_and_what_is_included_by_hand():
    camera = pb.Camera(**GOOD, tolerance=pb.Tolerance(focal_percent=1.0, principal_point_px=2.0))
    opened = decode_session(settings(camera=camera, include=["outline"])).settings
    assert opened.cameras["camera"].tolerance == CameraTolerance(1.0, 2.0)
    assert opened.include == {"outline"}
    assert decode_change(pb.Restart()).change.include is None
    assert decode_change(pb.Restart(include=pb.Include(parts=["covariance"]))).change.include == {"covariance"}
    with pytest.raises(InputError, match="expected include of covariance, outline, got 'secret'"):
        decode_session(settings(include=["secret"]))
    with pytest.raises(GeometryError, match="focal_percent"):
        decode_session(settings(camera=pb.Camera(**GOOD, tolerance=pb.Tolerance(focal_percent=-1.0))))
