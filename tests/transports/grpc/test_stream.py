"""`Track`: it begins with hello, goes on after nonsense, and bounds its messages."""

import asyncio

import grpc
import pytest

from fluoropose.client.grpc_channel import settings_message
from fluoropose.transports.grpc import fluoropose_pb2 as pb
from fluoropose.transports.grpc.app import MAX_MESSAGE_BYTES
from fluoropose.transports.grpc.fluoropose_pb2_grpc import RegistrationStub
from support.rpc import rpc_server
from support.serving import metric


def test_a_stream_begins_with_hello(started, opening, frame):
    async def first(address, *messages):
        async with grpc.aio.insecure_channel(address) as channel:
            call = RegistrationStub(channel).Track(iter(messages))
            try:
                return [message.WhichOneof("message") async for message in call]
            except grpc.aio.AioRpcError as error:
                return error.code().name

    async def run():
        async with rpc_server(started) as (address, _, _):
            pixels = pb.ClientMessage(frame=pb.Frame(data=frame.astype("<u2").tobytes(), dtype="uint16"))
            hello = pb.ClientMessage(hello=pb.Hello(settings=settings_message(opening)))
            assert await first(address) == "INVALID_ARGUMENT"
            assert await first(address, pixels) == "INVALID_ARGUMENT"
            assert await first(address, pb.ClientMessage(hello=pb.Hello(session="nobody"))) == "NOT_FOUND"
            assert await first(address, pb.ClientMessage(hello=pb.Hello())) == "INVALID_ARGUMENT"
            assert await first(address, hello, pixels) == ["welcome", "result", "ended"]
            empty = pb.ClientMessage()
            assert await first(address, hello, empty, hello, pixels) == [
                "welcome", "problem", "problem", "result", "ended",
            ]  # fmt: skip

    asyncio.run(run())


def test_a_message_too_large_ends_its_call_before_it_is_read_and_no_other(started, opening, frame):
    def pixels(data):
        return pb.ClientMessage(frame=pb.Frame(data=data, dtype="uint16"))

    async def run():
        hello = pb.ClientMessage(hello=pb.Hello(settings=settings_message(opening)))
        huge = pixels(b"\0" * (MAX_MESSAGE_BYTES + 1))
        async with (
            rpc_server(started) as (address, _, parts),
            grpc.aio.insecure_channel(address, [("grpc.max_send_message_length", -1)]) as channel,
        ):
            other = RegistrationStub(channel).Track()
            await other.write(hello)
            assert (await other.read()).WhichOneof("message") == "welcome"
            with pytest.raises(grpc.aio.AioRpcError) as ended:
                async for _ in RegistrationStub(channel).Track(iter([hello, huge])):
                    pass
            assert ended.value.code().name == "RESOURCE_EXHAUSTED"
            assert metric(parts, "frames_received_total", transport="grpc") == 0.0
            await other.write(pixels(frame.astype("<u2").tobytes()))
            assert (await other.read()).WhichOneof("message") == "result"
            assert metric(parts, "frames_received_total", transport="grpc") == 1.0
            await other.done_writing()

    asyncio.run(run())
