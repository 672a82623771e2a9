"""Results, sessions and events as JSON."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fluoropose.errors import FrameError
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.registration.assessment import ErrorEstimate
from fluoropose.serving.events import FrameProblem, GoingAway, Pong, StreamEnd
from fluoropose.serving.session_description import describe_session
from fluoropose.tracking.session import Session
from fluoropose.tracking.session_settings import SessionSettings
from fluoropose.transports.http.encode import encode_answer, encode_body, encode_event, encode_result, encode_session
from support.results import lost, made_result


def test_a_result_by_hand():
    body = encode_result(made_result()).model_dump(exclude_none=True)
    assert (body["seq"], body["camera"], body["case"], body["status"]) == (7, "a", "small", "TRACKING")
    assert body["timing_ms"] == {"total": 1.235}
    assert body["error_estimate"] == {"in_plane_mm": 0.5, "depth_mm": 2.0, "rotation_deg": 0.25}
    assert body["smoothed"]["frames"] == 3
    assert "objects" not in body
    assert "searching" not in body


def test_several_objects_are_listed():
    body = encode_result(made_result(cases=("small", "twin"), searching=("third",))).model_dump(exclude_none=True)
    assert [found["case"] for found in body["objects"]] == ["small", "twin"]
    assert body["searching"] == ["third"]


def test_a_session_before_its_first_frame(camera):
    settings = SessionSettings.from_camera("small", camera, PixelMeaning.INTENSITY)
    session = Session.open("s", settings, {"small": np.zeros(3)})
    body = encode_session(describe_session(session)).model_dump()
    assert (body["session"], body["case"], body["cameras"]) == ("s", "small", ["camera"])
    assert (body["last_seq"], body["last_status"], body["last_pose"]) == (None, None, None)
    assert body["counters"] == {"received": 0, "answered": 0, "in_flight": 0}


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (GoingAway(500, np.eye(4)), "going_away"),
        (Pong(1.0, 2.0), "pong"),
        (StreamEnd("closed"), "ended"),
        (FrameProblem(3, FrameError("expected pixels, got none")), "problem"),
        (made_result(), "result"),
    ],
)
def test_each_event_is_a_text_of_its_type(event, kind):
    body = json.loads(encode_event(event))
    assert body["type"] == kind
    if kind == "problem":
        assert (body["seq"], body["code"], body["status"]) == (3, "invalid-frame", 422)


def test_an_outline_and_a_covariance_by_hand():
    made = made_result()
    part = replace(made.first, outline=(np.array([[1.004, 2.0], [3.0, 4.0], [5.0, 7.0]]),), covariance=np.eye(6))
    result = encode_result(replace(made, objects=(part,)))
    assert result.outline == [[[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]]]
    assert result.covariance == np.eye(6).tolist()
    assert encode_result(made).outline is None and encode_result(made).covariance is None


def test_a_lost_object_has_no_pose_and_says_why():
    made = lost(made_result())
    body = encode_body(made)
    assert body["camera_from_volume"] is None and body["world_from_volume"] is None
    assert body["reason"] == "not-seen"
    assert body["reason_text"] == "the object's edges are not in the frame"
    assert json.loads(encode_answer(made)) == body
    assert json.loads(encode_event(made)) == {"type": "result", **body}


def test_promised_fields_are_null_where_there_is_nothing_to_tell():
    body = encode_body(made_result(cases=("small", "twin")))
    for part in (body, *body["objects"]):
        assert part["camera_from_volume"] is not None
        assert part["reason"] is None and part["reason_text"] is None
    assert "outline" not in body


def test_a_number_that_is_not_finite_is_null():
    made = made_result()
    unknown = replace(made.first, error_estimate=ErrorEstimate(float("nan"), float("inf"), 1.0))
    body = json.loads(encode_answer(replace(made, objects=(unknown,))))
    assert body["error_estimate"] == {"in_plane_mm": None, "depth_mm": None, "rotation_deg": 1.0}
