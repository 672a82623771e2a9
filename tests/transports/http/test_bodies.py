"""Bodies: their media types and the limits on their length."""

import json

from fluoropose.transports.http.bodies import BodyLimits
from support.serving import http_client
from support.wire import require_problem, send


def test_a_body_too_large_is_cut_off(parts, opening):
    with http_client(parts, limits=BodyLimits(body_bytes=1000)) as client:
        session = client.post("/v1/sessions", json=opening).json()["session"]
        require_problem(send(client, session, b"\0" * 2000), 413, "payload-too-large", "at most 1000 bytes")


def test_a_volume_may_be_longer_than_frames_and_those_longer_than_other_json():
    limits = BodyLimits()
    assert limits.limit("/v1/cases") > limits.limit("/v1/register") > limits.limit("/v1/sessions")


def test_a_media_type_is_told_without_its_parameters(client, opening):
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    answer = client.post("/v1/register", content=json.dumps(opening), headers=headers)
    require_problem(answer, 422, "invalid-frame", "got none")
