"""Whatever bytes come over a stream, the answer is one of our errors or a frame."""

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from fluoropose.errors import FluoroposeError
from fluoropose.geometry.camera import Camera
from fluoropose.serving.messages import EncodedFrame
from fluoropose.transports.grpc import fluoropose_pb2 as pb
from fluoropose.transports.grpc.decode import (
    camera_value,
    change_value,
    frame_value,
    pose_value,
    register_value,
    settings_value,
)
from fluoropose.transports.http.bodies import validated
from fluoropose.transports.http.requests import StreamControl
from fluoropose.transports.http.stream import split_message

HEADERS = st.sampled_from([b"{}", b'{"seq":1}', b'{"seq":-1}', b'{"dtype":"uint16"}', b"[]", b"null", b'{"seq":1e99}'])
MESSAGES = st.binary(max_size=64) | st.builds(
    lambda header, cut, body: len(header).to_bytes(4, "little") + header[:cut] + body,
    HEADERS, st.integers(0, 20), st.binary(max_size=32),
)  # fmt: skip
MEDIA = st.sampled_from(["", "application/octet-stream", "application/x-npy", "image/png", "application/dicom", "a/b"])
STARTS = st.sampled_from([b"", b"\x93NUMPY\x01\x00", b"\x89PNG\r\n\x1a\n", b"\0" * 128 + b"DICM", b"II*\0"])
CAMERA = Camera(4, 4, [[10.0, 0, 1.5], [0, 10.0, 1.5], [0, 0, 1.0]])


@given(MESSAGES)
def test_any_websocket_message(message):
    try:
        split_message(message)
    except FluoroposeError as error:
        assert "expected" in str(error)


@given(st.text(max_size=64) | st.sampled_from(['{"type":"ping"}', '{"type":"restart","initial_pose":[[1]]}', "[[["]))
def test_any_websocket_text(text):
    try:
        assert validated(StreamControl, text).type in ("ping", "restart")
    except FluoroposeError:
        pass


@given(STARTS, st.binary(max_size=200), MEDIA, st.sampled_from([None, "uint16", "uint8", "complex", "object"]))
def test_any_frame_bytes(start, rest, media_type, dtype):
    try:
        assert EncodedFrame(start + rest, media_type, dtype).pixels(CAMERA).ndim == 2
    except FluoroposeError as error:
        assert str(error)


@given(st.binary(max_size=120))
def test_any_grpc_message(data):
    message = pb.ClientMessage()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return
    for read in (
        lambda: frame_value(message.frame),
        lambda: camera_value(message.restart.camera),
        lambda: change_value(message.restart),
        lambda: register_value(pb.RegisterRequest(settings=message.hello.settings, frame=message.frame)),
        lambda: pose_value(message.restart.initial_pose, "initial_pose"),
        lambda: settings_value(message.hello.settings),
    ):
        try:
            read()
        except FluoroposeError as error:
            assert "expected" in str(error) or "must" in str(error)


def test_the_camera_of_these_tests_is_one():
    with pytest.raises(FluoroposeError):
        EncodedFrame(b"", "application/octet-stream", "uint16").pixels(CAMERA)
    assert EncodedFrame(b"\0" * 32, "application/octet-stream", "uint16").pixels(CAMERA).shape == (4, 4)
