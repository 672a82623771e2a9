"""Observers over WebSocket: the writer's results with pictures, for as long as the session lives, and never slower."""

import json
import time
from contextlib import contextmanager

import numpy as np
import pytest
from starlette.websockets import WebSocketDisconnect

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.io.frames import npy_bytes
from fluoropose.serving.api_keys import KeyRing, add_key
from fluoropose.serving.watch_registry import MAX_WATCHES_PER_SESSION
from fluoropose.transports.http.schemas import camera_json
from fluoropose.transports.http.stream import SUBPROTOCOL
from support.running_app import running_app
from support.serving import http_client
from support.wire import packed, send


@contextmanager
def watching(client, session, query="fps=60&max_side=64&include=outline", protocols=(SUBPROTOCOL,)):
    path = f"/v1/sessions/{session}/watch?{query}"
    with client.websocket_connect(path, subprotocols=list(protocols)) as socket:
        yield socket


def unpacked(message):
    length = int.from_bytes(message[:4], "little")
    assert (4 + length) % 8 == 0
    header = json.loads(message[4 : 4 + length])
    pixels = np.frombuffer(message[4 + length :], "<u2").reshape(header["rows"], header["columns"])
    return header, pixels


def test_two_observers_see_each_frame_with_its_result_at_their_own_size(client, session, frame):
    with watching(client, session) as small, watching(client, session, "fps=60&max_side=128") as large:
        for seq in range(3):
            answer = send(client, session, npy_bytes(frame), seq=seq, captured_at=time.time()).json()
            for socket, block in ((small, 2), (large, 1)):
                header, pixels = unpacked(socket.receive_bytes())
                result = header.pop("result")
                outline = result.pop("outline", None)
                assert result == answer
                assert (outline is not None) == (block == 2)
                assert (header["seq"], header["skipped"], header["block"]) == (seq, 0, block)
                assert (header["frame_rows"], header["frame_columns"]) == frame.shape
                assert header["camera"]["intrinsic_matrix"]
                assert (header["pixel_meaning"], header["inverted"]) == ("intensity", False)
                blocks = frame.reshape(frame.shape[0] // block, block, -1, block).mean(axis=(1, 3))
                assert (pixels == blocks.astype(np.uint16)).all()
                if outline:
                    inside = np.concatenate(outline)
                    assert (inside.min(axis=0) > 0).all() and (inside.max(axis=0) < frame.shape[::-1]).all()


def test_observers_see_what_a_stream_sends(client, session, frame):
    with client.websocket_connect(f"/v1/sessions/{session}/stream") as writer, watching(client, session) as observer:
        for seq in range(4):
            writer.send_bytes(packed(npy_bytes(frame), media_type="application/x-npy", seq=seq))
            result = writer.receive_json()
            header, _ = unpacked(observer.receive_bytes())
            assert header["seq"] == result["seq"] == seq
        observer.send_bytes(packed(npy_bytes(frame), media_type="application/x-npy", seq=9))
        observer.send_text("{}")
        writer.send_text('{"type": "ping", "time": 1}')
        assert writer.receive_json()["type"] == "pong"
    assert client.get(f"/v1/sessions/{session}").json()["counters"]["received"] == 4


def test_a_lost_object_is_shown_without_pose(client, opening, rng):
    session = client.post("/v1/sessions", json=opening | {"initial_pose": None}).json()["session"]
    with watching(client, session) as observer:
        send(client, session, npy_bytes(rng.integers(20000, 40000, (96, 128)).astype(np.uint16)))
        header, pixels = unpacked(observer.receive_bytes())
    assert header["result"]["status"] == "LOST"
    assert header["result"]["camera_from_volume"] is None
    assert header["result"]["reason_text"]
    assert "outline" not in header["result"]
    assert pixels.std() > 0


def closing_code(client, session, **how):
    with watching(client, session, **how) as observer, pytest.raises(WebSocketDisconnect) as closed:
        observer.receive_bytes()
    return closed.value.code, closed.value.reason


def test_what_cannot_be_watched_is_closed_with_the_reason(client, session):
    assert closing_code(client, "nobody")[0] == 4404
    assert closing_code(client, session, protocols=("other",))[0] == 4400
    for query, words in (
        ("fps=0", "fps"),
        ("fps=x", "numbers"),
        ("max_side=9", "max_side"),
        ("include=all", "include"),
    ):
        code, reason = closing_code(client, session, query=query)
        assert code == 4422
        assert words in reason


def test_one_observer_too_many_is_told_to_try_again(client, session):
    there = [watching(client, session) for _ in range(MAX_WATCHES_PER_SESSION)]
    for one in there:
        one.__enter__()
    assert closing_code(client, session)[0] == 1013
    for one in there:
        one.__exit__(None, None, None)


def test_the_end_of_the_session_ends_the_observers(client, session):
    with watching(client, session) as observer:
        client.delete(f"/v1/sessions/{session}")
        assert observer.receive_json() == {"type": "ended", "reason": "closed"}
        with pytest.raises(WebSocketDisconnect) as closed:
            observer.receive_json()
    assert closed.value.code == 4404


def test_with_keys_sessions_are_listed_and_watched_by_their_owner(parts, opening, tmp_path):
    mine, other = (add_key(tmp_path / "keys.json", name, ["infer"]) for name in ("one", "two"))
    with http_client(parts, KeyRing(tmp_path / "keys.json")) as client:
        session = client.post("/v1/sessions", json=opening, headers={"X-API-Key": mine}).json()["session"]
        listed = [client.get("/v1/sessions", headers={"X-API-Key": key}).json() for key in (mine, other)]
        assert [[one["session"] for one in part] for part in listed] == [[session], []]
        for key, code in ((mine, None), (other, 4404)):
            ticket = client.post("/v1/tickets", headers={"X-API-Key": key}).json()["ticket"]
            if code is not None:
                assert closing_code(client, session, query=f"ticket={ticket}")[0] == code
            else:
                with watching(client, session, f"ticket={ticket}"):
                    pass


def test_an_observer_that_does_not_read_holds_nobody_up(parts, opening, small_case, pose):
    """Over real sockets: its buffers fill, the writer is answered all the same, and it then sees the newest frame."""
    camera = camera_from_detector(384, 512, row_spacing_mm=0.4, column_spacing_mm=0.375, source_to_detector_mm=1100.0)
    lines = CpuRenderer(small_case.volume, 1.0).render(camera, pose)
    body, count = npy_bytes(np.round(50000.0 * np.exp(-lines) + 200.0).astype(np.uint16)), 30
    with running_app(parts) as (client, connect):
        session = client.post("/v1/sessions", json=opening | {"camera": camera_json(camera)}).json()["session"]
        path = f"/v1/sessions/{session}/watch?fps=60&max_side="
        with connect(f"{path}512", max_queue=1) as slow, connect(f"{path}64") as quick:
            for seq in range(count):
                assert send(client, session, body, seq=seq).json()["seq"] == seq
            seen = {name: read_to(observer, count - 1) for name, observer in (("quick", quick), ("slow", slow))}
            client.delete(f"/v1/sessions/{session}")
            assert json.loads(quick.recv(30)) == {"type": "ended", "reason": "closed"}
    for shown in seen.values():
        assert [one["seq"] for one in shown] == sorted({one["seq"] for one in shown})
        assert len(shown) + sum(one["skipped"] for one in shown) == count
    # 393 kB a picture: some megabytes fit into the buffers.
    assert len(seen["slow"]) < count / 2


def read_to(observer, last):
    """Return the headers that an observer is sent until the frame of that number."""
    shown = []
    while not shown or shown[-1]["seq"] != last:
        shown.append(unpacked(observer.recv(30))[0])
    return shown
