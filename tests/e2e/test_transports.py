"""The three transports against a real server process: the same poses, to the last bit, and the same refusals."""

import asyncio

import numpy as np
import pytest

from fluoropose.client import AsyncClient, Client, ProblemError
from fluoropose.client.links import OutgoingFrame
from fluoropose.transports.http.schemas import camera_json

TRANSPORTS = ("http", "ws", "grpc")


@pytest.fixture(params=TRANSPORTS)
def client(request, server):
    with Client(server.http, request.param, grpc=server.grpc) as client:
        yield client


@pytest.fixture
def moving(small_case, camera, pose):
    """Five frames of a steady motion."""
    from fluoropose.drr.cpu import CpuRenderer

    renderer, frames = CpuRenderer(small_case.volume, 1.0), []
    for n in range(5):
        moved = pose.copy()
        moved[:3, 3] += [1.0 * n, -0.5 * n, 0.0]
        frames.append(np.round(50000.0 * np.exp(-renderer.render(camera, moved)) + 200.0).astype(np.uint16))
    return frames


def test_every_transport_gives_the_same_poses_to_the_last_bit(server, camera, pose, moving):
    poses = {}
    for transport in TRANSPORTS:
        with Client(server.http, transport, grpc=server.grpc) as client:
            camera_taken = camera_json(camera) | {"tolerance": {"focal_percent": 1.0, "principal_point_px": 2.0}}
            tracker = client.track("small", camera_taken, initial_pose=pose, include=["outline", "covariance"])
            results = [tracker.send(frame, captured_at=1e9 + n / 15.0) for n, frame in enumerate(moving)]
            tracker.close()
        assert [result["seq"] for result in results] == [0, 1, 2, 3, 4]
        poses[transport] = [
            [result[name] for name in ("camera_from_volume", "confidence", "error_estimate", "outline", "covariance")]
            for result in results
        ]
    assert poses["http"] == poses["ws"] == poses["grpc"]


def test_a_one_shot_over_grpc_gives_the_pose_of_http(server, camera, pose, frame):
    import base64

    import httpx

    from fluoropose.client.grpc_channel import RpcChannel
    from fluoropose.io.frames import npy_bytes

    body = {"case": "small", "camera": camera_json(camera), "initial_pose": pose.tolist()}
    coded = base64.b64encode(npy_bytes(frame)).decode()
    expected = httpx.post(f"{server.http}/v1/register", json=body | {"frame": coded}).json()

    async def over_grpc():
        channel = RpcChannel(server.grpc, None, None, None)
        raw = {"data": frame.astype("<u2").tobytes(), "dtype": "uint16"}
        try:
            return await channel.register(body, raw)
        finally:
            await channel.close()

    found = asyncio.run(over_grpc())
    assert found["camera_from_volume"] == expected["camera_from_volume"]
    assert found.keys() == expected.keys()


def test_a_session_can_be_restarted(client, camera, pose, frame):
    tracker = client.track("small", camera_json(camera), initial_pose=pose)
    first = tracker.send(frame)
    tracker.restart(initial_pose=pose)
    assert tracker.send(frame)["camera_from_volume"] == first["camera_from_volume"]
    small = camera_json(camera) | {"rows": 95}
    tracker.restart(camera=small)
    with pytest.raises(ProblemError, match="size, expected 95 x 128"):
        tracker.send(frame)
    assert tracker.send(frame[:95].copy())["seq"] == 3
    tracker.close()


BAD = {
    "no such case": ({"case": "nobody"}, "unknown-case"),
    "not rigid": ({"initial_pose": np.diag([2.0, 1, 1, 1]).tolist()}, "invalid-geometry"),
    "no time": ({"max_frame_age_ms": -1.0}, "invalid-request"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_sessions_are_refused_alike(client, camera, name):
    change, code = BAD[name]
    with pytest.raises(ProblemError) as refused:
        client.track(**({"case": "small", "camera": camera_json(camera)} | change))
    assert refused.value.code == code


def test_bad_frames_are_refused_alike_and_the_session_goes_on(client, camera, pose, frame):
    tracker = client.track("small", camera_json(camera), initial_pose=pose)
    bad = [
        (np.full(frame.shape, np.nan, np.float32), "finite"),
        (np.zeros((4, 4), np.uint16), "got 4 x 4"),
        (frame.astype(np.int32), "dtype"),
        (np.full_like(frame, 7), "value"),
    ]
    for pixels, words in bad:
        with pytest.raises(ProblemError, match=words) as refused:
            tracker.send(pixels)
        assert refused.value.code == "invalid-frame"
    assert tracker.send(frame)["status"] in ("TRACKING", "LOW_CONFIDENCE", "LOST")
    tracker.close()


async def send_once(link, frame):
    """Send a frame over a link, close it whatever comes back, and raise ProblemError if that is a problem."""
    try:
        await link.send(frame)
        event = await link.receive()
    finally:
        await link.close()
    if event["type"] == "problem":
        raise ProblemError(409, event)


def test_a_second_writer_is_refused_and_the_first_undisturbed(server, camera, pose, frame):
    async def run():
        async with AsyncClient(server.http, "ws", grpc=server.grpc) as client:
            tracker = await client.track("small", camera_json(camera), initial_pose=pose)
            before = await tracker.send(frame)
            for transport in TRANSPORTS:
                other = AsyncClient(server.http, transport, grpc=server.grpc)
                with pytest.raises(ProblemError) as refused:
                    await send_once(await other.link(tracker.session), OutgoingFrame(99, frame, None))
                assert refused.value.code == "session-taken"
                await other.close()
            after = await tracker.send(frame)
            await tracker.close()
            return before["seq"], after["seq"]

    assert asyncio.run(run()) == (0, 1)


@pytest.mark.parametrize("transport", ["ws", "grpc"])
def test_a_burst_is_answered_newest_first_and_every_frame_accounted_for(server, camera, pose, frame, transport):
    count = 25

    async def run():
        async with AsyncClient(server.http, transport, grpc=server.grpc) as client:
            tracker = await client.track("small", camera_json(camera), initial_pose=pose)
            for _ in range(count):
                await tracker.push(frame)
            answered, dropped = [], 0
            async for event in tracker.events():
                assert event["type"] == "result"
                answered.append(event["seq"])
                dropped += event["dropped_since_last"]
                if event["seq"] == count - 1:
                    break
            counts = (await client.http.get(f"/v1/sessions/{tracker.session}")).json()
            await tracker.close()
            return answered, dropped, counts

    answered, dropped, counts = asyncio.run(run())
    assert answered == sorted(set(answered))
    assert len(answered) + dropped == count
    assert counts["counters"]["received"] == count
    assert counts["counters"]["answered"] == len(answered)
    assert sum(counts["dropped"].values()) == dropped


@pytest.mark.parametrize("transport", ["ws", "grpc"])
def test_a_ping_tells_the_servers_clock(server, camera, pose, transport):
    import time

    async def run():
        async with AsyncClient(server.http, transport, grpc=server.grpc) as client:
            tracker = await client.track("small", camera_json(camera), initial_pose=pose)
            await tracker.ping(12.5)
            async for event in tracker.events():
                await tracker.close()
                return event

    event = asyncio.run(run())
    assert event["type"] == "pong"
    assert event["client_time"] == 12.5
    assert abs(event["server_time"] - time.time()) < 5.0
