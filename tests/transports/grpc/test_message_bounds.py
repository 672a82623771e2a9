"""Messages are counted before they are parsed."""

import pytest

from fluoropose.errors import InputError
from fluoropose.transports.grpc import fluoropose_pb2 as pb
from fluoropose.transports.grpc.message_bounds import MAX_FIELDS, parse_message


def test_a_frame_of_megabytes_is_parsed():
    sent = pb.ClientMessage(frame=pb.Frame(data=b"\1" * 3_000_000, dtype="uint16", rows=1000, columns=1500, seq=7))
    assert parse_message(pb.ClientMessage, sent.SerializeToString()) == sent


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (pb.Restart(remove=[""] * 20_000), f"at most {MAX_FIELDS} fields"),
        (pb.Restart(initial_pose=[0.0] * 20_000), "bytes of initial_pose, got 160000"),
        (pb.Restart(add=[pb.Object()] * 20_000), f"at most {MAX_FIELDS} fields"),
        (pb.Restart(cameras=[pb.NamedCamera(camera=pb.Camera(camera_from_world=[0.0] * 9000))]), "camera_from_world"),
    ],
)
def test_many_fields_are_refused(message, words):
    data = pb.ClientMessage(restart=message).SerializeToString()
    with pytest.raises(InputError, match=words):
        parse_message(pb.ClientMessage, data)


@pytest.mark.parametrize("data", [b"\x0a\xff", b"\xff" * 30, b"\x0a" * 30_000, b"\x0b" * 30_000, b"\xff" * 30_000])
def test_what_is_no_message_is_refused(data):
    with pytest.raises(InputError, match="expected"):
        parse_message(pb.ClientMessage, data)
