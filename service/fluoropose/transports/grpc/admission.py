"""Who may call over gRPC, and how often at once: decided before a byte of a message is asked for.

A call with one message is served like one with a stream of messages, so that its message is read here: after the key
and the budgets, with a limit of time, and counted before it is parsed.
"""

import asyncio
import inspect
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc

from fluoropose.errors import FluoroposeError, InputError, NotReadyError
from fluoropose.serving.session_registry import OverloadedError
from fluoropose.transports.grpc.access import KeyCheck
from fluoropose.transports.grpc.call_metrics import record_call
from fluoropose.transports.grpc.message_bounds import parse_message
from fluoropose.transports.grpc.unfinished import UnfinishedMessages

__all__ = ["AdmitCalls", "CallLimits", "FirstMessages", "SilentCallError"]

_HEALTH = "/grpc.health.v1.Health/"


class SilentCallError(NotReadyError):
    """The client did not send a call's first message in time."""

    code = "request-timeout"


@dataclass(frozen=True, slots=True)
class CallLimits:
    """At most so many calls at once: of health in all, of one key or, without keys, of one address.

    A call waits for its first message for at most `silent_s`. Where more than `silent` wait, one that has for
    `patience_s` makes room; where `most_silent` do, the oldest does at once.
    """

    health: int = 64
    of_holder: int = 192
    silent: int = 8
    most_silent: int = 64
    patience_s: float = 0.5
    silent_s: float = 10.0


@dataclass(slots=True, eq=False)
class FirstMessages:
    """The calls that wait for their first message, in the order in which they came."""

    limits: CallLimits = CallLimits()
    _reading: dict[asyncio.Future[Any], float] = field(default_factory=dict)

    async def read(self, read: Callable[[], Awaitable[Any]]) -> Any:
        """Return a call's first message, or raise SilentCallError if it does not come in time."""
        reading, now = asyncio.ensure_future(read()), time.monotonic()
        self._make_room(now)
        self._reading[reading] = now
        try:
            await asyncio.wait({reading}, timeout=self.limits.silent_s)
            if not reading.done() or reading.cancelled():
                raise SilentCallError(f"expected a call's first message within {self.limits.silent_s:g} s, got none")
            return reading.result()
        finally:
            self._reading.pop(reading, None)
            reading.cancel()

    def _make_room(self, now_s: float) -> None:
        limits = self.limits
        while len(self._reading) >= limits.silent:
            oldest, since_s = next(iter(self._reading.items()))
            if now_s - since_s < limits.patience_s and len(self._reading) < limits.most_silent:
                return
            del self._reading[oldest]
            oldest.cancel()


class AdmitCalls(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Checks each call of a server before its message is read."""

    def __init__(
        self,
        access: KeyCheck,
        messages: dict[str, Any],
        firsts: FirstMessages,
        limits: CallLimits = CallLimits(),
        unfinished: UnfinishedMessages | None = None,
    ) -> None:
        """`messages` gives the request's class of each method, by its whole name; `unfinished` is told of calls."""
        self._access = access
        self._messages = messages
        self._firsts = firsts
        self._limits = limits
        self._unfinished = unfinished or UnfinishedMessages()
        self._calls: Counter[str] = Counter()

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Return the handler of a call behind the checks."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        name, kind = handler_call_details.method, self._messages.get(handler_call_details.method)
        parse = handler.request_deserializer if kind is None else lambda data: _message_or_error(kind, data)
        if handler.response_streaming:
            behaviour = handler.stream_stream or handler.unary_stream
            streams = inspect.isasyncgenfunction(behaviour)
            guarded = self._guard_stream if streams else self._guard_call
            return grpc.stream_stream_rpc_method_handler(
                guarded(name, behaviour, handler.request_streaming), parse, handler.response_serializer
            )
        behaviour = handler.stream_unary or handler.unary_unary
        return grpc.stream_unary_rpc_method_handler(
            self._guard_call(name, behaviour, handler.request_streaming), parse, handler.response_serializer
        )

    def _guard_call(self, name: str, behaviour: Any, reads_itself: bool) -> Any:
        async def guarded(messages: Any, context: Any) -> Any:
            async with self._admitted(name, context):
                return await behaviour(await self._request(messages, context, reads_itself), context)

        return guarded

    def _guard_stream(self, name: str, behaviour: Any, reads_itself: bool) -> Any:
        async def guarded(messages: Any, context: Any) -> AsyncIterator[Any]:
            async with self._admitted(name, context):
                request = await self._request(messages, context, reads_itself)
                async for answer in behaviour(request, context):
                    yield answer

        return guarded

    @asynccontextmanager
    async def _admitted(self, name: str, context: Any) -> AsyncIterator[None]:
        """Hold a place for a call, or end it with a status."""
        self._unfinished.begin(str(context.peer()))
        try:
            health = name.startswith(_HEALTH)
            owner = "" if health else self._access.owner_of(context)
            holder = "health" if health else owner or _address(context)
            with self._place(holder, self._limits.health if health else self._limits.of_holder):
                yield
        except FluoroposeError as error:
            async with record_call(name.rpartition("/")[2], context, self._access.metrics):
                raise error from None

    @contextmanager
    def _place(self, holder: str, most: int) -> Iterator[None]:
        if self._calls[holder] >= most:
            raise OverloadedError(f"expected at most {most} calls at once, got one more")
        self._calls[holder] += 1
        try:
            yield
        finally:
            self._calls[holder] -= 1
            if not self._calls[holder]:
                del self._calls[holder]

    async def _request(self, messages: Any, context: Any, reads_itself: bool) -> Any:
        """Return the stream of messages, or the only one."""
        if reads_itself:
            return messages
        first = await self._firsts.read(context.read)
        if first is grpc.aio.EOF:
            raise InputError("expected a message, got none")
        if isinstance(first, InputError):
            raise first
        self._unfinished.deliver(str(context.peer()), first.ByteSize())
        return first


def _message_or_error(kind: Any, data: bytes) -> Any:
    """Return a message, or what is wrong with it: an error raised here would end the call as an internal one."""
    try:
        return parse_message(kind, data)
    except InputError as error:
        return error


def _address(context: Any) -> str:
    """Return a peer's address without its port."""
    return str(context.peer()).rpartition(":")[0]
