"""The WebSocket face: the same poses, newest first, every frame answered or counted."""

import pytest
from starlette.websockets import WebSocketDisconnect

from fluoropose.io.frames import npy_bytes
from fluoropose.transports.http.stream import SUBPROTOCOL
from support.wire import packed


def raw(frame, **meta):
    return packed(frame.astype("<u2").tobytes(), dtype="uint16", **meta)


def connected(client, session, protocols=(SUBPROTOCOL,)):
    return client.websocket_connect(f"/v1/sessions/{session}/stream", subprotocols=list(protocols))


def test_a_stream_gives_the_poses_of_http_to_the_last_bit(client, opening, frame):
    over_http = client.post("/v1/sessions", json=opening).json()["session"]
    headers = {"Content-Type": "application/x-npy"}
    expected = [
        client.post(f"/v1/sessions/{over_http}/frames", content=npy_bytes(frame), headers=headers).json()
        for _ in range(3)
    ]
    streamed = client.post("/v1/sessions", json=opening).json()["session"]
    with connected(client, streamed) as socket:
        assert socket.accepted_subprotocol == SUBPROTOCOL
        for n, truth in enumerate(expected):
            socket.send_bytes(raw(frame, seq=n))
            result = socket.receive_json()
            assert result["type"] == "result"
            assert result["seq"] == n
            assert result["camera_from_volume"] == truth["camera_from_volume"]


def test_of_a_burst_the_newest_is_answered_and_all_are_counted(client, session, frame):
    count = 30
    with connected(client, session) as socket:
        for n in range(count):
            socket.send_bytes(raw(frame, seq=n))
        answered, dropped, last = 0, 0, -1
        while last < count - 1:
            result = socket.receive_json()
            assert result["seq"] > last
            answered, dropped, last = answered + 1, dropped + result["dropped_since_last"], result["seq"]
    assert answered + dropped == count
    text = client.get("/metrics").text
    assert f'fluoropose_frames_received_total{{transport="ws"}} {float(count)}' in text


def test_a_bad_message_is_a_problem_and_the_stream_goes_on(client, session, frame):
    bad = [b"", b"\xff\xff\xff\xff", packed(b"x", seq=3, dtype="uint16"), packed(b"", colour=1), b"\x01\0\0\0\xff"]
    with connected(client, session) as socket:
        for message in bad:
            socket.send_bytes(message)
            answer = socket.receive_json()
            assert answer["type"] == "problem"
            assert answer["code"] == "invalid-frame"
        socket.send_text("frames are binary")
        assert socket.receive_json()["type"] == "problem"
        socket.send_bytes(packed(npy_bytes(frame), media_type="application/x-npy"))
        assert socket.receive_json()["type"] == "result"


def test_frame_numbers_must_rise(client, session, frame):
    with connected(client, session) as socket:
        for seq, kind in ((4, "result"), (4, "problem"), (5, "result")):
            socket.send_bytes(raw(frame, seq=seq))
            assert socket.receive_json()["type"] == kind


def test_an_unknown_session_and_a_foreign_protocol_are_closed(client, session):
    for name, protocols, code in (("nobody", (SUBPROTOCOL,), 4404), (session, ("other",), 4400)):
        with connected(client, name, protocols) as socket, pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
        assert closed.value.code == code


def test_a_session_closed_meanwhile_ends_the_stream(client, session, frame):
    with connected(client, session) as socket:
        socket.send_bytes(raw(frame, seq=0))
        socket.receive_json()
        client.delete(f"/v1/sessions/{session}")
        socket.send_bytes(raw(frame, seq=1))
        assert socket.receive_json() == {"type": "ended", "reason": "closed"}
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == 4404
