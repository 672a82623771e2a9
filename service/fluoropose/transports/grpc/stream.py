"""gRPC's `Track`: a session's frames in, its results out, newest frame first."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from fluoropose.errors import FluoroposeError, InputError
from fluoropose.serving.events import StreamEnd
from fluoropose.serving.session_registry import SessionRegistry
from fluoropose.serving.stream import Stream
from fluoropose.serving.wiring import ServingParts
from fluoropose.transports.grpc import fluoropose_pb2 as pb
from fluoropose.transports.grpc.admission import FirstMessages
from fluoropose.transports.grpc.decode import decode_change, decode_frame, decode_session
from fluoropose.transports.grpc.encode import encode_event
from fluoropose.transports.grpc.unfinished import UnfinishedMessages

__all__ = ["carry_stream"]

Read = Callable[[], Awaitable[Any]]
"""Returns a call's next message, what is wrong with it, or EOF."""


async def carry_stream(
    parts: ServingParts, context: Any, owner: str, firsts: FirstMessages, unfinished: UnfinishedMessages
) -> None:
    """Carry a stream from its hello to its end, or raise what is wrong with its hello, or that it does not come."""
    peer = str(context.peer())

    async def read() -> Any:
        message = await context.read()
        if isinstance(message, pb.ClientMessage):
            unfinished.deliver(peer, message.ByteSize())
        return message

    stream = await _attach(parts, await firsts.read(read), owner)
    try:
        welcome = pb.Welcome(session=stream.session.name, server_time=time.time())
        await context.write(pb.ServerMessage(welcome=welcome))
        await _exchange(parts.service.sessions, stream, read, context)
    finally:
        stream.close()


async def _attach(parts: ServingParts, first: Any, owner: str) -> Stream:
    """Attach a stream to the session that its first message names or opens."""
    if isinstance(first, InputError):
        raise first
    if first is grpc.aio.EOF or first.WhichOneof("message") != "hello":
        raise InputError("expected hello as a stream's first message, got another")
    hello = first.hello
    if bool(hello.session) == hello.HasField("settings"):
        raise InputError("expected a session or the settings of one in hello, got both or neither")
    name = hello.session or (await parts.streams.open(decode_session(hello.settings).settings, owner)).name
    return parts.streams.attach(parts.service.sessions.get(name, owner), "grpc", hello.takeover)


async def _exchange(sessions: SessionRegistry, stream: Stream, read: Read, context: Any) -> None:
    """Read and write side by side until the stream ends; reading never waits for anything."""
    reading = asyncio.create_task(_read(sessions, stream, read))
    try:
        await _write(stream, context)
    finally:
        reading.cancel()


async def _read(sessions: SessionRegistry, stream: Stream, read: Read) -> None:
    while (message := await read()) is not grpc.aio.EOF:
        try:
            _take(sessions, stream, message)
        except FluoroposeError as error:
            stream.refuse(error)
    stream.finish()


def _take(sessions: SessionRegistry, stream: Stream, message: pb.ClientMessage | InputError) -> None:
    """Take one message of the client, or raise what is wrong with it."""
    if isinstance(message, InputError):
        raise message
    kind = message.WhichOneof("message")
    if kind == "frame":
        sessions.get(stream.session.name)
        stream.offer(decode_frame(message.frame))
    elif kind == "ping":
        stream.pong(message.ping.client_time)
    elif kind == "restart":
        stream.change(decode_change(message.restart).change)
    else:
        raise InputError(f"expected frame, restart or ping after hello, got {kind or 'nothing known'}")


async def _write(stream: Stream, context: Any) -> None:
    while True:
        for event in await stream.next():
            await context.write(encode_event(event))
            if isinstance(event, StreamEnd):
                return
