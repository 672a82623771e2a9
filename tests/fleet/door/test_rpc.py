"""The front door's gRPC calls, over real servers of gRPC that stand for workers."""

import asyncio
import random
from contextlib import asynccontextmanager

import grpc
import pytest

from fluoropose.errors import UnknownSessionError
from fluoropose.fleet.door.placing import Placer
from fluoropose.fleet.door.rpc import DoorCalls, RefusedCallError
from fluoropose.fleet.placement import NoWorkerError
from fluoropose.transports.grpc import fluoropose_pb2 as pb
from fluoropose.transports.grpc.errors import status_code
from fluoropose.transports.grpc.fluoropose_pb2_grpc import RegistrationServicer, add_RegistrationServicer_to_server
from support.fleet import FakeView, worker

KEY = [("authorization", "Bearer fp_x_1")]
KNEE = pb.OpenSessionRequest(settings=pb.SessionSettings(case="knee"))


class Worker(RegistrationServicer):
    """Opens what it is asked to, or ends the call with a status."""

    def __init__(self, name, status=None, details=""):
        self.name, self.status, self.details, self.keys, self.closed = name, status, details, [], []

    async def OpenSession(self, request, context):  # noqa: N802
        self.keys.append(dict(context.invocation_metadata()).get("authorization"))
        if self.status is not None:
            await context.abort(self.status, self.details)
        return pb.OpenSessionResponse(session=f"{self.name}.x")

    async def CloseSession(self, request, context):  # noqa: N802
        self.closed.append(request.session)
        return pb.CloseSessionResponse()


@asynccontextmanager
async def door(*servicers, gone=(), roster=None):
    """Serve each on a free port; give the calls of a front door over them, whose roster may be looked into."""
    servers, facts = [], [worker(name, grpc="127.0.0.1:9", cases=frozenset({"knee"})) for name in gone]
    for one in servicers:
        server = grpc.aio.server()
        add_RegistrationServicer_to_server(one, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        servers.append(server)
        facts.append(worker(one.name, grpc=f"127.0.0.1:{port}"))
    view = FakeView(*facts)
    if roster is not None:
        roster.append(view.roster)
    try:
        yield DoorCalls(view, Placer(view, random.Random(1)))
    finally:
        for server in servers:
            await server.stop(0)


def test_a_session_is_opened_with_the_callers_key_and_its_place_is_said():
    one, roster = Worker("w1"), []

    async def run():
        async with door(one, roster=roster) as calls:
            opened = await calls.open_session(KNEE, KEY)
            assert roster[0].known()[0].sessions == 1
            await calls.close_session(pb.CloseSessionRequest(session=opened.session), KEY)
            return opened

    opened = asyncio.run(run())
    assert roster[0].known()[0].sessions == 0, "a session that was closed counts at once"
    assert opened.session == "w1.x" and opened.endpoints.http == "http://w1.test:8000"
    assert one.keys == ["Bearer fp_x_1"] and one.closed == ["w1.x"]


def test_a_worker_that_has_gone_or_is_full_is_passed_over():
    async def run():
        full = Worker("w1", grpc.StatusCode.RESOURCE_EXHAUSTED, "overloaded: expected at most 1")
        async with door(full, Worker("w2"), gone=("w0",)) as calls:
            return await calls.open_session(KNEE, KEY)

    assert asyncio.run(run()).session == "w2.x"


def test_what_a_worker_has_against_a_session_reaches_the_client():
    async def run():
        async with door(Worker("w1", grpc.StatusCode.NOT_FOUND, "unknown-case: expected")) as calls:
            await calls.open_session(KNEE, KEY)

    with pytest.raises(RefusedCallError, match="unknown-case: expected") as refused:
        asyncio.run(run())
    assert refused.value.status is grpc.StatusCode.NOT_FOUND


def test_no_worker_left_is_unavailable_and_the_session_of_a_dead_worker_unknown():
    async def run(call):
        async with door(gone=("w0",)) as calls:
            await call(calls)

    with pytest.raises(NoWorkerError) as none:
        asyncio.run(run(lambda calls: calls.open_session(KNEE, KEY)))
    assert status_code(none.value) is grpc.StatusCode.UNAVAILABLE
    with pytest.raises(UnknownSessionError):
        asyncio.run(run(lambda calls: calls.close_session(pb.CloseSessionRequest(session="w0.x"), KEY)))


def test_frames_are_told_where_to_go():
    async def run():
        async with door(Worker("w1")) as calls:
            return calls.elsewhere(frozenset({"knee"}))

    error = asyncio.run(run())
    assert error.code == "elsewhere" and "127.0.0.1:" in str(error)
    assert status_code(error) is grpc.StatusCode.FAILED_PRECONDITION
