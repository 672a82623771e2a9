"""The bridge between pyigtl and a real service: 30 frames per second, two clients, lost objects, a lost service."""

import asyncio
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace

import numpy as np
import pyigtl
import pytest

from fluoropose.client import AsyncClient
from fluoropose.evaluation.server_process import server_process
from fluoropose.igtlink.bridge import Bridge, BridgePlan, SessionPlan, body_limit
from fluoropose.igtlink.naming import Place
from fluoropose.igtlink.reading import ReadingLimits
from fluoropose.igtlink.results import ResultForm
from fluoropose.igtlink.server import ServerLimits
from fluoropose.registration.reasons import REASON_TEXTS
from fluoropose.transports.http.schemas import camera_json
from support.igtl import Peer, image, image_bytes

TURN = np.diag([-1.0, -1.0, 1.0, 1.0])


@pytest.fixture
def plan(camera, pose):
    opening = {"case": "small", "camera": camera_json(camera), "initial_pose": pose.tolist()}
    limits = ServerLimits(ReadingLimits(body_limit([(camera.rows, camera.columns)])))
    session = SessionPlan(opening, ("small",), {None: ""})
    return BridgePlan((session,), {"": Place(0, None)}, ResultForm(), limits)


@contextmanager
def bridged(plan, address, transport="ws", grpc=""):
    """Run a bridge in a thread of its own; give it and what it said."""
    said, ready, ends, held = [], threading.Event(), [], []

    async def run():
        async with AsyncClient(address, transport, grpc=grpc, reconnect_s=0.0) as client:
            bridge = Bridge(plan, client, said.append)
            await bridge.open("127.0.0.1", 0)
            task = asyncio.create_task(bridge.run())
            ends.append((asyncio.get_running_loop(), task))
            held.append(bridge)
            ready.set()
            try:
                await asyncio.gather(task, return_exceptions=True)
            finally:
                await bridge.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        yield held[0], said
    finally:
        ends[0][0].call_soon_threadsafe(ends[0][1].cancel)
        thread.join(30)


@pytest.mark.parametrize("version", [1, 2])
def test_a_frame_in_is_a_pose_and_a_state_out(server, plan, frame, pose, version):
    with bridged(plan, server.http) as (bridge, _), Peer(bridge.server.port) as peer:
        assert peer.receive().name == "WAITING"
        peer.send(image_bytes(frame, time_s=1000.25, version=version))
        moved = peer.wait_for("TRANSFORM")
        told = peer.wait_for("STATUS")
    assert (moved.device_name, moved.timestamp, moved.header_version) == ("VolumeToCamera", 1000.25, version)
    np.testing.assert_allclose(TURN @ moved.matrix @ TURN, pose, atol=1.0)
    assert (told.device_name, told.code, told.name, told.text) == ("VolumeStatus", 1, "TRACKING", "found")
    assert told.metadata.get("status") == (None if version == 1 else "TRACKING")


def test_a_lost_object_is_a_state_with_its_reason_and_no_transform(server, plan, frame, rng):
    with bridged(plan, server.http, "grpc", server.grpc) as (bridge, _), Peer(bridge.server.port) as peer:
        peer.send(image_bytes(rng.integers(30000, 50000, frame.shape).astype(np.uint16)))
        told = peer.wait_for("STATUS", lambda message: message.name != "WAITING")
        assert (told.code, told.name) == (4, "LOST")
        code, _, text = told.text.partition(": ")
        assert code in REASON_TEXTS
        assert text
        peer.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            peer.receive()


def test_a_frame_that_the_service_refuses_is_a_state(server, plan, frame):
    with bridged(plan, server.http) as (bridge, _), Peer(bridge.server.port) as peer:
        peer.send(image_bytes(frame[:50]))
        told = peer.wait_for("STATUS", lambda message: message.name != "WAITING")
        assert (told.code, told.name) == (10, "REFUSED")
        assert "50" in told.text
        peer.send(image_bytes(frame))
        peer.wait_for("TRANSFORM")


def test_two_clients_of_pyigtl_at_30_frames_per_second(server, plan, frame, pose):
    """One sends, both see poses. How long frames took is printed, it does not decide."""
    frames, ages_ms, got = 90, [], {"sender": 0, "other": 0}
    with bridged(plan, server.http) as (bridge, _), Peer(bridge.server.port) as timed:
        other = pyigtl.OpenIGTLinkClient("127.0.0.1", bridge.server.port)
        sender = pyigtl.OpenIGTLinkClient("127.0.0.1", bridge.server.port)

        def read():
            with suppress(OSError):  # the socket is closed at the end
                while (message := timed.receive()) is not None:
                    if message.message_type == "TRANSFORM":
                        ages_ms.append(1e3 * (time.time() - message.timestamp))

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        end = time.monotonic() + 20
        while not (sender.is_connected() and other.is_connected()):
            assert time.monotonic() < end
            time.sleep(0.01)
        began = time.time()
        for n in range(frames):
            time.sleep(max(0.0, began + n / 30.0 - time.time()))
            sender.send_message(image(frame, time_s=time.time(), version=1 + n % 2), wait=False)
            for name, client in (("sender", sender), ("other", other)):
                got[name] += any(one.message_type == "TRANSFORM" for one in client.get_latest_messages())
        time.sleep(1.0)
        counts = replace(bridge.counts[0])
        sender.stop()
        other.stop()
    assert counts.received == frames
    assert counts.refused == 0
    assert 0 < counts.answered <= counts.sent <= frames
    assert min(got.values()) > 0
    assert len(ages_ms) > 0
    low, high = np.percentile(ages_ms, (50, 99))
    print(f"\n{counts.answered} of {frames} frames answered; frame to TRANSFORM p50 {low:.1f} ms, p99 {high:.1f} ms")


def test_a_service_that_goes_is_told_and_found_again(cases_root, models_root, plan, frame):
    with server_process(cases_root, models_root, 1, "cpu") as running:
        with bridged(plan, running.http) as (bridge, said), Peer(bridge.server.port) as peer:
            peer.send(image_bytes(frame))
            peer.wait_for("TRANSFORM")
            running.process.kill()
            running.process.wait(20)
            told = peer.wait_for("STATUS", lambda message: message.name == "NO-SERVICE")
            assert told.code == 7
            assert any(line.startswith("service: ") for line in said)


def test_other_messages_are_passed_over_and_states_are_told_on_request(server, plan, frame):
    with bridged(plan, server.http) as (bridge, said), Peer(bridge.server.port) as peer:
        assert peer.receive().name == "WAITING"
        peer.send(pyigtl.StringMessage("hello", device_name="Note").pack() * 2)
        query = pyigtl.messages.MessageBase(device_name="VolumeStatus")
        query._message_type = "GET_STATUS"
        peer.send(query.pack())
        assert peer.receive().name == "WAITING"
    assert [line for line in said if "passed over" in line] == ["messages of type STRING are passed over"]


def test_each_device_is_a_camera_of_its_own(server, plan, frame, camera, pose):
    one = plan.sessions[0]
    sessions = tuple(replace(one, labels={None: name}) for name in ("AP", "LAT"))
    names = replace(plan.form.names, transform="To{camera}", status="{camera}Status")
    two = replace(
        plan,
        sessions=sessions,
        places={"AP": Place(0, None), "LAT": Place(1, None)},
        form=replace(plan.form, names=names),
    )
    with bridged(two, server.http) as (bridge, _), Peer(bridge.server.port) as peer:
        assert {peer.receive().device_name, peer.receive().device_name} == {"APStatus", "LATStatus"}
        peer.send(image_bytes(frame, "LAT"))
        assert peer.wait_for("TRANSFORM").device_name == "ToLAT"
        peer.send(image_bytes(frame, "Other"))
        told = peer.wait_for("STATUS", lambda message: message.device_name == "fluoropose")
        assert "a device of: AP, LAT; got 'Other'" in told.text
