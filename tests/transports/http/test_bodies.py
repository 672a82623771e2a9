"""Bodies: their media types and the limits on their length."""

import json

from fluoropose.transports.byte_budget import ByteBudget
from fluoropose.transports.http.app import Doors
from fluoropose.transports.http.bodies import BodyBudgets, BodyLimits, Pace
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


def test_bodies_beyond_the_budget_are_refused_give_it_back_and_end_the_connection(parts):
    budgets = BodyBudgets(small=ByteBudget(1000, 1000))
    with http_client(parts, doors=Doors(budgets=budgets)) as client:
        headers = {"Content-Type": "application/json"}
        answer = client.post("/v1/register", content=b" " * 2000, headers=headers)
        require_problem(answer, 503, "overloaded", "fewer long bodies")
        assert answer.headers["connection"] == "close"
        assert budgets.small.held_bytes == 0
        require_problem(client.post("/v1/register", content=b"{}", headers=headers), 422, "invalid-request")


def test_a_length_that_is_announced_is_refused_before_a_byte_comes(parts):
    with http_client(parts, limits=BodyLimits(body_bytes=1000)) as client:
        headers = {"Content-Type": "application/json", "Content-Length": "9" * 30}
        require_problem(client.post("/v1/register", content=b"{}", headers=headers), 413, "payload-too-large")


def test_long_bodies_keep_their_pace():
    pace = Pace(bytes_per_s=100.0, burst_bytes=50.0)
    assert pace.delay_s(50, 1.0) == 0.0
    assert pace.delay_s(100, 1.0) == 1.0
    assert pace.delay_s(0, 3.0) == 0.0
