"""Results and events as gRPC's messages."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.errors import FrameError
from fluoropose.serving.events import FrameProblem, GoingAway, Pong, StreamEnd
from fluoropose.transports.grpc import fluoropose_pb2 as pb
from fluoropose.transports.grpc.encode import encode_event, encode_result
from support.results import lost, made_result


def test_a_result_by_hand():
    result = encode_result(made_result())
    assert (result.seq, result.camera, result.case, result.model) == (7, "a", "small", "model of small")
    assert result.status == pb.TRACKING
    assert dict(result.timing_ms) == {"total": 1.235}
    assert dict(result.views_left_out) == {"b": "not seen"}
    assert result.smoothed.frames == 3
    assert len(result.objects) == 0


def test_several_objects_are_listed():
    result = encode_result(made_result(cases=("small", "twin"), searching=("third",)))
    assert [found.case for found in result.objects] == ["small", "twin"]
    assert list(result.searching) == ["third"]


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (GoingAway(500, np.eye(4)), "going_away"),
        (GoingAway(500, None), "going_away"),
        (Pong(1.0, 2.0), "pong"),
        (StreamEnd("closed"), "ended"),
        (FrameProblem(3, FrameError("expected pixels, got none")), "problem"),
        (FrameProblem(None, FrameError("expected pixels, got none")), "problem"),
    ],
)
def test_each_event_is_a_message_of_its_kind(event, kind):
    message = encode_event(event)
    assert message.WhichOneof("message") == kind
    if kind == "problem":
        assert (message.problem.code, message.problem.HasField("seq")) == ("invalid-frame", event.seq is not None)


def test_an_outline_and_a_covariance_by_hand():
    made = made_result()
    part = replace(made.first, outline=(np.array([[1.004, 2.0], [3.0, 4.0], [5.0, 7.0]]),), covariance=np.eye(6))
    result = encode_result(replace(made, objects=(part,)))
    assert list(result.outline[0].pixels) == [1.0, 2.0, 3.0, 4.0, 5.0, 7.0]
    assert list(result.covariance) == np.eye(6).ravel().tolist()
    assert not encode_result(made).outline and not encode_result(made).covariance


def test_a_lost_object_has_no_pose_and_says_why():
    result = encode_result(lost(made_result()))
    assert not result.camera_from_volume and not result.world_from_volume
    assert (result.reason, result.reason_text) == ("not-seen", "the object's edges are not in the frame")
    assert not encode_result(made_result()).HasField("reason_text")
