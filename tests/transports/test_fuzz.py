"""Whatever bytes come over a stream, the answer is one of our errors or a frame."""

import json

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from fluoropose.errors import FluoroposeError
from fluoropose.geometry.camera import Camera
from fluoropose.serving.messages import EncodedFrame
from fluoropose.transports.grpc import decode as grpc_decode
from fluoropose.transports.grpc import fluoropose_pb2 as pb
from fluoropose.transports.http import decode as http_decode
from fluoropose.transports.http.request_schemas import RegisterRequest, SessionRequest, StreamControl

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
        http_decode.decode_frame_message(message)
    except FluoroposeError as error:
        assert "expected" in str(error)


@given(st.text(max_size=64) | st.sampled_from(['{"type":"ping"}', '{"type":"restart","initial_pose":[[1]]}', "[[["]))
def test_any_websocket_text(text):
    try:
        control = http_decode.decode_json(StreamControl, text)
        assert control.type in ("ping", "restart")
        http_decode.decode_change(control)
    except FluoroposeError:
        pass


NUMBERS = st.one_of(st.none(), st.integers(-3, 5000), st.floats(-1e3, 1e3))
CAMERAS = st.dictionaries(
    st.sampled_from(["rows", "columns", "row_spacing_mm", "column_spacing_mm", "source_to_detector_mm"]), NUMBERS
)
BODIES = st.dictionaries(
    st.sampled_from(["case", "cases", "camera", "cameras", "views", "smoothing", "pairing", "initial_pose"]),
    st.one_of(st.just("a"), CAMERAS, st.lists(CAMERAS, max_size=2), st.just([[1.0] * 4] * 4)),
)


@given(BODIES)
def test_any_json_body(body):
    for model, decode in (
        (SessionRequest, http_decode.decode_session),
        (RegisterRequest, http_decode.decode_registration),
    ):
        try:
            decode(http_decode.decode_json(model, json.dumps(body)))
        except FluoroposeError as error:
            assert str(error)


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
        lambda: grpc_decode.decode_frame(message.frame),
        lambda: grpc_decode.decode_camera(message.restart.camera),
        lambda: grpc_decode.decode_change(message.restart),
        lambda: grpc_decode.decode_registration(
            pb.RegisterRequest(settings=message.hello.settings, frame=message.frame)
        ),
        lambda: grpc_decode.decode_session(message.hello.settings),
    ):
        try:
            read()
        except FluoroposeError as error:
            assert "expected" in str(error) or "must" in str(error)


def test_the_camera_of_these_tests_is_one():
    with pytest.raises(FluoroposeError):
        EncodedFrame(b"", "application/octet-stream", "uint16").pixels(CAMERA)
    assert EncodedFrame(b"\0" * 32, "application/octet-stream", "uint16").pixels(CAMERA).shape == (4, 4)
