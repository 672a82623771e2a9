"""The front door of a fleet, asked; and the client that goes where a fleet sends it, and back when that has gone."""

import asyncio
import json

import pytest

from fluoropose.client import AsyncClient, LinkLostError, ProblemError
from fluoropose.client.fleet import ask_door
from support.json_server import serve_json


def test_the_fleet_is_asked_with_the_key():
    asked = []

    def answers(method, path, headers, sent):
        asked.append((method, path, headers.get("Authorization")))
        return (200, {"draining": ["w1"]}) if method == "POST" else (200, {"workers": []})

    with serve_json(answers) as url:
        assert ask_door(url, "fp_x_1") == {"workers": []}
        assert ask_door(url, drain="w1") == {"draining": ["w1"]}
    assert asked == [("GET", "/v1/fleet", "Bearer fp_x_1"), ("POST", "/v1/fleet/drain", None)]


def test_a_refusal_and_silence_are_told_apart():
    with (
        serve_json(lambda *_: (403, {"title": "no", "code": "forbidden"})) as url,
        pytest.raises(ProblemError) as refused,
    ):
        ask_door(url)
    assert refused.value.code == "forbidden"
    with pytest.raises(LinkLostError, match="expected the front door of a fleet"):
        ask_door(url)


def test_frames_go_to_the_worker_and_a_lost_one_is_replaced_through_the_front_door(frame):
    """The first worker dies after a frame: the session opens again at the last sure pose, on the second one."""
    pose = [[1.0, 0.0, 0.0, 4.0], [0.0, 1.0, 0.0, 5.0], [0.0, 0.0, 1.0, 900.0], [0.0, 0.0, 0.0, 1.0]]
    opened = []

    def worker(name):
        def answers(method, path, headers, sent):
            if name == "w1" and served:
                return 404, {"code": "unknown-session", "title": "gone"}
            served.append((name, path))
            seq = json.loads(headers["X-Frame-Meta"])["seq"]
            return 200, {"seq": seq, "case": "knee", "status": "TRACKING", "world_from_volume": pose}

        return answers

    served = []
    with serve_json(worker("w1")) as first, serve_json(worker("w2")) as second:

        def door(method, path, headers, sent):
            opened.append((method, path, json.loads(sent).get("initial_pose")))
            name, place = (("w1", first), ("w2", second))[len(opened) > 1]
            return 201, {"session": f"{name}.x", "endpoints": {"http": place, "grpc": ""}}

        with serve_json(door) as url:

            async def run():
                async with AsyncClient(url) as client:
                    tracker = await client.track("knee", {"rows": 8})
                    await tracker.send(frame)
                    await tracker.send(frame)
                    return tracker.session, tracker.reconnects

            session, reconnects = asyncio.run(run())
    assert (session, reconnects) == ("w2.x", 1)
    assert [name for name, _ in served] == ["w1", "w2"]
    assert opened == [("POST", "/v1/sessions", None), ("POST", "/v1/sessions", pose)], "no frame went to the front door"
