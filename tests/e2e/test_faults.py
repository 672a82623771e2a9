"""Faults on real sockets and a real process: each ends in a documented error or event, the others go on."""

import asyncio
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from contextlib import ExitStack, closing

import httpx
import numpy as np
import pytest

from fluoropose.client import TRANSPORTS, AsyncClient, Client, LinkLostError
from fluoropose.client.links import OutgoingFrame
from fluoropose.evaluation.server_process import free_ports, server_process
from fluoropose.transports.http.schemas import camera_json

PING_S = 3.0


@pytest.fixture(scope="module")
def server(cases_root, models_root):
    """A real server process that soon notices who no longer answers."""
    with server_process(cases_root, models_root, 1, "cpu", ("--log-level", "warning", "--ping-s", str(PING_S))) as one:
        yield one


def get(address):
    """Ask without an authority's certificates, which take longer to read than the answer to come."""
    return httpx.get(address, verify=False)


def sample(address, name):
    lines = get(f"{address}/metrics").text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((name + " ", name + "{")))


def until(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def opened(server, camera, pose):
    body = {"case": "small", "camera": camera_json(camera), "initial_pose": pose.tolist()}
    return httpx.post(f"{server.http}/v1/sessions", json=body).json()["session"]


def handshaken(server, session):
    """A raw socket after a WebSocket handshake, that answers no ping; it closes with the context."""
    port = int(server.http.rsplit(":", 1)[1])
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    lines = [
        f"GET /v1/sessions/{session}/stream HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket",
        "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: fluoropose.v1+json", "", "",
    ]  # fmt: skip
    plain.sendall("\r\n".join(lines).encode())
    assert b" 101 " in plain.recv(4096)
    return closing(plain)


def ws_frame(payload, announced=None):
    length = len(payload) if announced is None else announced
    masked = bytes(byte ^ 0x55 for byte in payload)
    return b"\x82" + struct.pack(">BQ", 0x80 | 127, length) + b"\x55" * 4 + masked


def test_a_message_announced_too_long_is_closed_before_it_is_read(server, camera, pose):
    with handshaken(server, opened(server, camera, pose)) as plain:
        plain.sendall(ws_frame(b"", announced=65 * 2**20))
        answer = plain.recv(4096)
    assert answer[0] & 0x0F == 8
    assert struct.unpack(">H", answer[2:4])[0] == 1009


def test_a_client_that_vanishes_in_the_middle_of_a_message_frees_its_place(server, camera, pose, frame):
    with handshaken(server, opened(server, camera, pose)) as plain:
        assert until(lambda: sample(server.http, "fluoropose_streams_active") == 1)
        plain.sendall(ws_frame(frame.tobytes()[:500], announced=100_000))
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert until(lambda: sample(server.http, "fluoropose_streams_active") == 0)
    with Client(server.http) as client:
        assert client.track("small", camera_json(camera), initial_pose=pose).send(frame)["seq"] == 0


def test_a_half_open_connection_is_noticed_and_nobody_waits_for_it(server, camera, pose, frame):
    with (
        handshaken(server, opened(server, camera, pose)),
        Client(server.http, "grpc", grpc=server.grpc) as client,
    ):
        tracker = client.track("small", camera_json(camera), initial_pose=pose)
        began = time.monotonic()
        while sample(server.http, "fluoropose_streams_active") > 1 and time.monotonic() - began < 40:
            tracker.send(frame)
            time.sleep(0.1)
        assert sample(server.http, "fluoropose_streams_active") == 1
        assert time.monotonic() - began > PING_S  # it was asked first
        assert tracker.reconnects == 0
        tracker.close()


def test_a_reader_that_stops_reading_holds_nobody_back(server, camera, pose, frame):
    session = opened(server, camera, pose)
    header = json.dumps({"dtype": "uint16"}).encode()
    message = ws_frame(len(header).to_bytes(4, "little") + header + frame.astype("<u2").tobytes())
    with handshaken(server, session) as plain, Client(server.http, "ws") as client:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        tracker = client.track("small", camera_json(camera), initial_pose=pose)
        for _ in range(60):
            plain.sendall(message)
            tracker.send(frame)
        tracker.close()
        counts = get(f"{server.http}/v1/sessions/{session}").json()
        assert until(lambda: get(f"{server.http}/v1/sessions/{session}").json()["counters"]["in_flight"] <= 1), counts
    httpx.delete(f"{server.http}/v1/sessions/{session}")


def test_deep_json_and_torn_bodies_are_refused(server):
    deep = b'{"case":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for path in ("/v1/sessions", "/v1/register", "/v1/render"):
        for body in (deep, b'{"case": "sm', b"\xff\xfe"):
            answer = httpx.post(f"{server.http}{path}", content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code in (400, 422), (path, body[:20], answer.status_code)
            assert answer.headers["content-type"] == "application/problem+json"


def test_a_thousand_opened_and_abandoned_sessions_leave_the_service_working(server, camera, pose, frame):
    with Client(server.http, "ws") as client:
        tracker = client.track("small", camera_json(camera), initial_pose=pose)
        tracker.send(frame)
        with httpx.Client(base_url=server.http) as http:
            body = {"case": "small", "camera": camera_json(camera)}
            codes = [http.post("/v1/sessions", json=body).status_code for _ in range(1000)]
        assert set(codes) == {201}
        assert sample(server.http, "fluoropose_sessions_active") <= 256
        assert tracker.send(frame)["seq"] == 1
        tracker.close()


def lasting(cases_root, models_root, ports):
    """The command of a server on given ports, to be started again after it has died."""
    command = [sys.executable, "-m", "fluoropose", "serve", "--cases", str(cases_root), "--models", str(models_root)]
    command += [
        "--read-only",
        "--port",
        str(ports[0]),
        "--grpc-port",
        str(ports[1]),
        "--device",
        "cpu",
        "--log-level",
        "warning",
    ]
    return subprocess.Popen(command, env={**os.environ, "ORT_DISABLE_TELEMETRY": "1"})


def ready(address):
    try:
        return get(f"{address}/readyz").status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_clients_of_every_transport_go_on_where_they_were_after_the_service_came_back(
    cases_root, models_root, camera, pose, frame, number
):
    ports = free_ports(2)
    address = f"http://127.0.0.1:{ports[0]}"
    first = lasting(cases_root, models_root, ports)
    second = None
    try:
        assert until(lambda: ready(address), 60)
        options = {"grpc": f"127.0.0.1:{ports[1]}", "reconnect_s": 60.0}
        with ExitStack() as stack:
            clients = [stack.enter_context(Client(address, transport, **options)) for transport in TRANSPORTS]
            trackers = [client.track("small", camera_json(camera), initial_pose=pose) for client in clients]
            befores = [tracker.send(frame) for tracker in trackers]
            first.send_signal(number)
            assert first.wait(20) == (0 if number == signal.SIGTERM else -signal.SIGKILL)
            second = lasting(cases_root, models_root, ports)
            for tracker, before in zip(trackers, befores, strict=True):
                after = tracker.send(frame)
                assert tracker.reconnects >= 1
                assert after["seq"] > before["seq"]
                assert np.abs(np.array(after["camera_from_volume"]) - before["camera_from_volume"]).max() < 20.0
                tracker.close()
    finally:
        for process in (first, second):
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait(20)


def test_a_service_that_never_comes_back_is_an_error_in_time(cases_root, models_root, camera, pose, frame):
    with ExitStack() as clients:
        with server_process(cases_root, models_root, 1, "cpu") as server:
            client = clients.enter_context(Client(server.http, "ws", reconnect_s=0.5))
            tracker = client.track("small", camera_json(camera), initial_pose=pose)
            tracker.send(frame)
        with pytest.raises(LinkLostError):
            tracker.send(frame)


def test_going_away_is_told_over_both_streams_and_frames_in_flight_are_answered(
    cases_root, models_root, camera, pose, frame
):
    async def follow(server, transport, ready_to_end):
        async with AsyncClient(server.http, transport, grpc=server.grpc) as client:
            session = await client.open_session(
                {"case": "small", "camera": camera_json(camera), "initial_pose": pose.tolist()}
            )
            link = await client.link(session)
            try:
                await link.send(OutgoingFrame(0, frame, None))
                kinds = [(await link.receive())["type"]]
                ready_to_end.append(transport)
                while kinds[-1] != "ended":
                    kinds.append((await link.receive())["type"])
            finally:
                await link.close()
            return kinds

    async def run(server):
        reached = []
        following = [asyncio.ensure_future(follow(server, transport, reached)) for transport in ("ws", "grpc")]
        while len(reached) < 2:
            await asyncio.sleep(0.02)
        server.process.send_signal(signal.SIGTERM)
        return await asyncio.gather(*following)

    with server_process(cases_root, models_root, 1, "cpu") as server:
        seen = asyncio.run(run(server))
        assert server.process.wait(20) == 0
    assert seen == [["result", "going_away", "ended"]] * 2
