"""From HTTP's JSON, headers and stream messages to requests: what is shape here, and what the requests refuse."""

import base64
import json

import numpy as np
import pytest

from fluoropose.errors import FrameError, GeometryError, InputError
from fluoropose.geometry.rig import c_arm_camera_from_world
from fluoropose.transports.http.decode import (
    decode_base64_frame,
    decode_camera,
    decode_change,
    decode_frame,
    decode_frame_message,
    decode_json,
    decode_registration,
    decode_render_pose,
    decode_session,
)
from fluoropose.transports.http.request_schemas import (
    PlacedCameraModel,
    RegisterRequest,
    RenderRequest,
    SessionChange,
    SessionRequest,
)
from support.wire import packed

CAMERA = {"rows": 96, "columns": 128, "intrinsic_matrix": [[900.0, 0, 64], [0, 900, 48], [0, 0, 1]]}
PLACE = np.eye(4).tolist()
ARM = {"primary_deg": 30.0, "secondary_deg": -5.0, "source_to_isocenter_mm": 700.0}
SKEWED = np.diag([1.0, 1.0, 1.5, 1.0]).tolist()


def registration(body, files=()):
    return decode_registration(decode_json(RegisterRequest, json.dumps(body)), files)


def test_a_session_by_hand():
    body = {
        "cases": [{"case": "a", "initial_pose": PLACE}, {"case": "b"}],
        "camera": CAMERA,
        "pixel_meaning": "display",
        "pairing": {"tolerance_ms": 5},
        "smoothing": {"window_s": 2, "object": "moving"},
        "policy": "reject",
    }
    settings = decode_session(decode_json(SessionRequest, json.dumps(body))).settings
    assert [start.case for start in settings.objects] == ["a", "b"]
    np.testing.assert_array_equal(settings.objects[0].initial_pose, np.eye(4))
    assert list(settings.cameras) == ["camera"]
    assert (settings.meaning.value, settings.policy, settings.tolerance_ms) == ("display", "reject", 5.0)
    assert (settings.smoothing.window_s, settings.smoothing.motion) == (2.0, "moving")


def test_a_change_by_hand():
    body = {"camera": CAMERA, "cameras": {"b": CAMERA}, "add": [{"case": "c"}], "remove": ["a"], "case": "b"}
    change = decode_change(decode_json(SessionChange, json.dumps(body))).change
    assert list(change.cameras) == [None, "b"]
    assert ([start.case for start in change.add], change.remove, change.case) == (["c"], ("a",), "b")


def test_a_camera_keeps_its_place_and_its_own_case():
    camera = decode_camera(PlacedCameraModel(**CAMERA, camera_from_world=PLACE, case="side"))
    np.testing.assert_array_equal(camera.placed.camera_from_world, np.eye(4))
    assert camera.placed.case == "side"


def test_frames_of_a_registration_come_as_base64_or_as_files():
    body = {"case": "a", "views": [{"camera": CAMERA, "name": "x"}], "seq": 4}
    (frame,) = registration(body, [b"pixels"]).frames
    assert (frame.body, frame.camera, frame.seq) == (b"pixels", "x", 4)
    body["views"][0]["frame"] = base64.b64encode(b"others").decode()
    assert registration(body).frames[0].body == b"others"
    with pytest.raises(FrameError, match="a file of each of 1 views, got 2"):
        registration(body, [b"a", b"b"])
    with pytest.raises(FrameError, match="got none"):
        registration({"case": "a", "camera": CAMERA})
    with pytest.raises(FrameError, match="base64"):
        registration({"case": "a", "camera": CAMERA, "frame": "%"})


def test_a_frames_header_by_hand():
    meta = {
        "dtype": "uint8",
        "rows": 4,
        "seq": 7,
        "captured_at": "1970-01-01T00:00:05+00:00",
        "camera": "b",
        "c_arm": ARM,
    }
    frame = decode_frame(b"pixels", "image/png", json.dumps(meta))
    assert (frame.dtype, frame.rows, frame.columns, frame.seq) == ("uint8", 4, None, 7)
    assert (frame.captured_s, frame.camera, frame.media_type) == (5.0, "b", "image/png")
    np.testing.assert_array_equal(frame.camera_from_world, c_arm_camera_from_world(30.0, -5.0, 700.0))
    assert decode_frame(b"", "image/png", None).seq is None


@pytest.mark.parametrize(
    ("meta", "kind", "words"),
    [
        ({"rows": 1}, FrameError, "rows and columns of 2 to"),
        ({"seq": -1}, FrameError, "seq"),
        ({"c_arm": ARM, "camera_from_world": PLACE}, FrameError, "got both"),
        ({"c_arm": ARM | {"source_to_isocenter_mm": 0}}, FrameError, "c_arm"),
        ({"colour": 1}, FrameError, "colour"),
        ({"captured_at": "yesterday"}, InputError, "Unix seconds or ISO 8601"),
        ({"camera_from_world": SKEWED}, GeometryError, "rigid"),
    ],
)
def test_a_header_that_breaks_a_rule_is_refused_with_its_code(meta, kind, words):
    with pytest.raises(kind, match=words) as refused:
        decode_frame(b"", "image/png", json.dumps(meta))
    assert refused.value.code == kind.code
    if kind is FrameError:
        assert "X-Frame-Meta" in str(refused.value)


def test_a_stream_message_by_hand():
    frame = decode_frame_message(packed(b"pixels", seq=7, dtype="uint8"))
    assert (frame.seq, frame.media_type, frame.body) == (7, "application/octet-stream", b"pixels")
    assert decode_frame_message(packed(b"", media_type="image/png")).media_type == "image/png"
    with pytest.raises(FrameError, match="got 3 bytes"):
        decode_frame_message(b"abc")


def test_a_pose_to_render_goes_by_either_name():
    for name in ("camera_from_volume", "pose"):
        np.testing.assert_array_equal(
            decode_render_pose(RenderRequest(case="a", camera=CAMERA, **{name: PLACE})), np.eye(4)
        )
    with pytest.raises(GeometryError, match="camera_from_volume"):
        decode_render_pose(RenderRequest(case="a", camera=CAMERA))


def test_json_that_is_no_request_names_its_fields():
    with pytest.raises(InputError, match=r"case: .*; surprise: "):
        decode_json(SessionRequest, json.dumps({"case": 1, "camera": CAMERA, "surprise": 2}))


def test_json_of_too_many_values_is_refused_before_it_is_read():
    for body in ("[" * 30_000, '{"cases": [' + "0," * 30_000 + "0]}"):
        for given in (body, body.encode()):
            with pytest.raises(InputError, match="at most 20000 values"):
                decode_json(SessionRequest, given)


def test_long_base64_is_decoded_in_parts():
    data = bytes(range(256)) * 8192
    assert decode_base64_frame(base64.b64encode(data).decode()) == data
    with pytest.raises(FrameError, match="base64"):
        decode_base64_frame("A" * (2**20 - 1) + "=" + "AAAA")
