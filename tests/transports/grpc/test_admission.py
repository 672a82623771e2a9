"""Calls are let in, or refused, before their messages are read: keys, places, and who says nothing."""

import asyncio
from contextlib import AsyncExitStack

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from fluoropose.client.grpc_channel import RpcChannel
from fluoropose.serving.api_keys import KeyRing, add_key
from fluoropose.transports.grpc.admission import CallLimits, FirstMessages, SilentCallError
from fluoropose.transports.grpc.fluoropose_pb2_grpc import RegistrationStub
from support.rpc import rpc_server


def test_reflection_needs_a_key_and_health_does_not(started, tmp_path):
    token = add_key(tmp_path / "keys.json", "console", ["infer"])

    async def reflect(channel, metadata):
        ask = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        return await stub.ServerReflectionInfo(ask, metadata=metadata).read()

    async def run():
        keys = KeyRing(tmp_path / "keys.json")
        async with rpc_server(started, keys) as (address, _, _), grpc.aio.insecure_channel(address) as channel:
            answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await reflect(channel, None)
            assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
            named = await reflect(channel, (("authorization", f"Bearer {token}"),))
            assert named.list_services_response.service

    asyncio.run(run())


def test_watchers_without_a_key_have_places_of_their_own(started, opening):
    async def run():
        async with rpc_server(started) as (address, _, _), AsyncExitStack() as stack:
            watches = []
            for _ in range(3):
                channel = await stack.enter_async_context(grpc.aio.insecure_channel(address))
                stub = health_pb2_grpc.HealthStub(channel)
                watches += [stub.Watch(health_pb2.HealthCheckRequest()) for _ in range(40)]
            first = await asyncio.gather(*(watch.read() for watch in watches), return_exceptions=True)
            held = [one for one in first if isinstance(one, health_pb2.HealthCheckResponse)]
            assert len(held) == 64
            console = RpcChannel(address, None, None, None)
            session = await console.open_session(opening)
            await console.close_session(session)
            await console.close()
            for watch in watches:
                watch.cancel()

    asyncio.run(run())


def test_silent_streams_make_room_for_one_that_speaks(started, opening):
    async def run():
        async with rpc_server(started) as (address, _, _), AsyncExitStack() as stack:
            for _ in range(2):
                channel = await stack.enter_async_context(grpc.aio.insecure_channel(address))
                silent = [RegistrationStub(channel).Track() for _ in range(40)]
            await asyncio.sleep(0.7)
            console = RpcChannel(address, None, None, None)
            session = await console.open_session(opening)
            await console.close_session(session)
            await console.close()
            for call in silent:
                call.cancel()

    asyncio.run(run())


def test_a_call_that_says_nothing_ends():
    async def run():
        firsts = FirstMessages(CallLimits(silent_s=0.01))
        with pytest.raises(SilentCallError, match="within 0.01 s"):
            await firsts.read(lambda: asyncio.sleep(20))
        assert await firsts.read(lambda: asyncio.sleep(0, "hello")) == "hello"

    asyncio.run(run())


def test_the_oldest_that_says_nothing_makes_room():
    async def run():
        firsts = FirstMessages(CallLimits(silent=2, patience_s=0.0))
        reads = [asyncio.ensure_future(firsts.read(lambda: asyncio.sleep(20))) for _ in range(3)]
        await asyncio.sleep(0.01)
        assert [one.done() for one in reads] == [True, False, False]
        with pytest.raises(SilentCallError):
            await reads[0]
        for one in reads[1:]:
            one.cancel()

    asyncio.run(run())
