"""The asynchronous client: what it asks for, and how it outlives lost sessions. The service is a fake one."""

import asyncio
import json

import httpx
import numpy as np
import pytest
from websockets.asyncio.server import serve

from fluoropose.client.aio import AsyncClient
from fluoropose.client.links import LinkLostError, ProblemError
from fluoropose.errors import InputError
from support.fake_grpc import serve_fake_grpc
from support.fake_service import SEEN, FakeService

PIXELS = np.zeros((2, 3), np.uint16)


@pytest.fixture
def service():
    return FakeService()


def run(service, use, reconnect_s=5.0):
    """Return what `use` returns of a client whose requests the fake service answers."""

    async def session():
        client = AsyncClient("http://service", reconnect_s=reconnect_s)
        await client.http.aclose()
        client.http = httpx.AsyncClient(base_url="http://service", transport=httpx.MockTransport(service.respond))
        async with client:
            return await use(client)

    return asyncio.run(session())


def test_an_unknown_transport_is_refused():
    with pytest.raises(InputError, match="http, ws, grpc, got 'pigeon'"):
        AsyncClient("http://service", "pigeon")


def test_cases_and_renderings_are_the_services(service):
    async def use(client):
        return await client.cases(), await client.render("knee", {"rows": 2}, np.eye(4))

    cases, picture = run(service, use)
    assert cases == [{"name": "knee"}]
    np.testing.assert_array_equal(picture, np.ones((2, 3), np.float32))


def test_a_refused_rendering_is_a_problem(service):
    with pytest.raises(ProblemError) as problem:
        run(service, lambda client: client.render("none", {"rows": 2}, np.eye(4)))
    assert problem.value.code == "unknown-case"


def test_a_session_is_opened_used_and_closed(service):
    async def use(client):
        tracker = await client.track("knee", {"rows": 2}, initial_pose=np.eye(4), max_frame_age_ms=None)
        results = [await tracker.send(PIXELS), await tracker.send(PIXELS)]
        await tracker.close()
        with pytest.raises(LinkLostError, match="got one that was closed"):
            await tracker.restart()
        return results

    results = run(service, use)
    assert [result["seq"] for result in results] == [0, 1]
    assert "type" not in results[0]
    assert service.opened == [{"case": "knee", "camera": {"rows": 2}, "initial_pose": np.eye(4).tolist()}]
    assert service.requests[-1] == ("DELETE", "/v1/sessions/s1")


def test_a_session_that_cannot_be_opened_is_a_problem(service):
    with pytest.raises(ProblemError) as problem:
        run(service, lambda client: client.track("none", {"rows": 2}))
    assert (problem.value.status, problem.value.code) == (404, "unknown-case")


def test_the_frames_of_one_instant_are_answered_by_camera(service):
    async def use(client):
        tracker = await client.track("knee", cameras={"a": {}, "b": {}})
        return await tracker.send_views({"a": PIXELS, "b": PIXELS}, captured_at=5.0)

    results = run(service, use)
    assert {name: (result["seq"], result["camera"]) for name, result in results.items()} == {
        "a": (0, "a"),
        "b": (1, "b"),
    }


def test_a_lost_session_is_opened_again_at_the_last_sure_pose(service):
    async def use(client):
        tracker = await client.track("knee", {"rows": 2}, initial_pose=np.eye(4))
        await tracker.send(PIXELS)
        service.gone.add("s1")
        service.busy = 2
        result = await tracker.send(PIXELS)
        return tracker, result

    tracker, result = run(service, use)
    assert (tracker.session, tracker.reconnects) == ("s2", 1)
    assert service.opened[1] == service.opened[0] | {"initial_pose": SEEN}
    # The frame was sent again, with a number of its own.
    assert result["seq"] == 2


def test_a_change_is_in_the_request_that_opens_the_session_again(service):
    async def use(client):
        tracker = await client.track("knee", {"rows": 2})
        await tracker.restart(initial_pose=np.eye(4), camera={"rows": 4})
        service.gone.add("s1")
        await tracker.send(PIXELS)

    run(service, use)
    assert service.opened[1] == {"case": "knee", "camera": {"rows": 4}, "initial_pose": np.eye(4).tolist()}


def test_a_service_that_stays_away_ends_with_the_cause(service):
    async def use(client):
        tracker = await client.track("knee", {"rows": 2})
        service.gone.add("s1")
        service.busy = 1000
        await tracker.send(PIXELS)

    with pytest.raises(LinkLostError, match="expected an open session"):
        run(service, use, reconnect_s=0.0)


def test_a_refusal_that_will_not_pass_ends_at_once(service):
    async def use(client):
        tracker = await client.track("knee", {"rows": 2})
        await tracker.send(PIXELS)
        service.gone.add("s1")
        service.deleted = True
        await tracker.send(PIXELS)

    with pytest.raises(LinkLostError):
        run(service, use, reconnect_s=60.0)
    assert len(service.opened) == 1


def test_a_refused_frame_is_a_problem_and_the_next_one_is_answered(service):
    async def use(client):
        tracker = await client.track("knee", {"rows": 2})
        service.refusal = (422, "invalid-frame")
        with pytest.raises(ProblemError) as problem:
            await tracker.send(PIXELS)
        service.refusal = None
        return problem.value, await tracker.send(PIXELS)

    problem, result = run(service, use)
    assert (problem.status, problem.code) == (422, "invalid-frame")
    assert result["seq"] == 1


def test_pushed_frames_are_answered_by_events(service):
    async def use(client):
        tracker = await client.track("knee", {"rows": 2})
        numbers = [await tracker.push(PIXELS, 1.0), await tracker.push(PIXELS, 1.1)]
        await tracker.ping(12.5)
        events = tracker.events()
        return numbers, [await anext(events) for _ in range(3)]

    numbers, events = run(service, use)
    assert numbers == [0, 1]
    assert sorted(event["type"] for event in events) == ["pong", "result", "result"]


def test_events_go_on_after_a_lost_session(service):
    async def use(client):
        tracker = await client.track("knee", {"rows": 2})
        service.gone.add("s1")
        await tracker.push(PIXELS)
        events = tracker.events()
        coming = asyncio.ensure_future(anext(events))
        while tracker.reconnects == 0:
            await asyncio.sleep(0.01)
        await tracker.push(PIXELS)
        return await coming

    assert run(service, use)["seq"] == 1


def test_closing_a_session_that_is_gone_is_no_error(service):
    async def use(client):
        tracker = await client.track("knee", {"rows": 2})
        service.gone.add("s1")
        await tracker.close()
        await tracker.close()

    run(service, use)
    assert service.requests[-1] == ("DELETE", "/v1/sessions/s1")


def test_over_grpc_the_whole_session_is_grpcs():
    async def both():
        async with serve_fake_grpc() as (servicer, address):
            async with AsyncClient("http://nowhere", "grpc", grpc=address, key="fp_1") as client:
                with pytest.raises(ProblemError, match="expected another"):
                    await client.track("none", {"rows": 2})
                tracker = await client.track("knee", {"rows": 2})
                result = await tracker.send(PIXELS)
                await tracker.close()
            async with AsyncClient("http://nowhere", "grpc", grpc="127.0.0.1:9") as client:
                with pytest.raises(LinkLostError):
                    await client.close_session("abc")
        return tracker.session, result["seq"], servicer.keys

    assert asyncio.run(both()) == ("abc", 0, ["Bearer fp_1", "Bearer fp_1"])


def test_over_a_websocket_a_stream_that_ends_is_opened_again(service):
    """The first stream ends with the first frame, the second one while a frame is sent, the third answers."""
    streams = []

    async def handle(socket):
        streams.append(socket.request.path)
        if len(streams) == 2:
            return
        message = await socket.recv()
        header = json.loads(message[4 : 4 + int.from_bytes(message[:4], "little")])
        ended = {"type": "ended", "reason": "as told"}
        await socket.send(json.dumps(ended if len(streams) == 1 else {"type": "problem", "seq": header["seq"]}))
        await socket.wait_closed()

    async def both():
        async with serve(handle, "127.0.0.1", 0, subprotocols=["fluoropose.v1+json"]) as server:
            port = server.sockets[0].getsockname()[1]
            client = AsyncClient(f"http://127.0.0.1:{port}", "ws")
            await client.http.aclose()
            client.http = httpx.AsyncClient(base_url="http://service", transport=httpx.MockTransport(service.respond))
            async with client:
                tracker = await client.track("knee", {"rows": 2})
                with pytest.raises(ProblemError):
                    await tracker.send(PIXELS)
                await tracker.close()

    asyncio.run(both())
    assert streams == [f"/v1/sessions/s{n}/stream" for n in (1, 2, 3)]


def test_a_client_that_is_closed_closes_the_streams_of_its_sessions(service):
    codes = []

    async def handle(socket):
        await socket.wait_closed()
        codes.append(socket.close_code)

    async def both():
        async with serve(handle, "127.0.0.1", 0, subprotocols=["fluoropose.v1+json"]) as server:
            port = server.sockets[0].getsockname()[1]
            client = AsyncClient(f"http://127.0.0.1:{port}", "ws")
            await client.http.aclose()
            client.http = httpx.AsyncClient(base_url="http://service", transport=httpx.MockTransport(service.respond))
            async with client:
                tracker = await client.track("knee", {"rows": 2})
            with pytest.raises(LinkLostError, match="got one that was closed"):
                await tracker.restart()

    asyncio.run(both())
    assert codes == [1000]
    assert service.requests == [("POST", "/v1/sessions")]


def test_views_of_a_lost_session_are_sent_again(service):
    async def use(client):
        tracker = await client.track("knee", cameras={"a": {}, "b": {}})
        service.gone.add("s1")
        return await tracker.send_views({"a": PIXELS, "b": PIXELS})

    results = run(service, use)
    assert set(results) == {"a", "b"}
