"""The calls of `fluoropose.v1.Registration`. Each checks its key first; an error of ours ends it with a status."""

from collections.abc import AsyncIterator
from typing import Any

from fluoropose.serving.api_keys import KeyRing
from fluoropose.serving.wiring import ServingParts
from fluoropose.transports.grpc import fluoropose_pb2 as pb
from fluoropose.transports.grpc.access import KeyCheck
from fluoropose.transports.grpc.admission import FirstMessages
from fluoropose.transports.grpc.call_metrics import record_call
from fluoropose.transports.grpc.decode import decode_registration, decode_session
from fluoropose.transports.grpc.encode import encode_result
from fluoropose.transports.grpc.fluoropose_pb2_grpc import RegistrationServicer
from fluoropose.transports.grpc.stream import carry_stream
from fluoropose.transports.grpc.unfinished import UnfinishedMessages

__all__ = ["Registration"]


class Registration(RegistrationServicer):
    """Carries the parts that serve a service, as HTTP and WebSocket do."""

    def __init__(
        self,
        parts: ServingParts,
        keys: KeyRing | None,
        firsts: FirstMessages | None = None,
        unfinished: UnfinishedMessages | None = None,
    ) -> None:
        """Without `keys` every call is allowed.

        `firsts` bounds the streams that have not said anything yet; `unfinished` is told of the messages of streams.
        """
        self._parts = parts
        self._firsts = firsts or FirstMessages()
        self._unfinished = unfinished or UnfinishedMessages()
        self._access = KeyCheck(keys, parts.metrics)

    async def OpenSession(self, request: pb.OpenSessionRequest, context: Any) -> pb.OpenSessionResponse:  # noqa: N802
        """Open a session."""
        async with record_call("OpenSession", context, self._parts.metrics):
            owner = self._access.owner_of(context)
            session = await self._parts.streams.open(decode_session(request.settings).settings, owner)
            return pb.OpenSessionResponse(session=session.name)

    async def CloseSession(self, request: pb.CloseSessionRequest, context: Any) -> pb.CloseSessionResponse:  # noqa: N802
        """Close a session and end its stream."""
        async with record_call("CloseSession", context, self._parts.metrics):
            owner = self._access.owner_of(context)
            self._parts.streams.close(self._parts.service.sessions.get(request.session, owner))
            return pb.CloseSessionResponse()

    async def Register(self, request: pb.RegisterRequest, context: Any) -> pb.Result:  # noqa: N802
        """Register the frames of one instant without a session."""
        async with record_call("Register", context, self._parts.metrics):
            owner = self._access.owner_of(context)
            asked, service, broker = decode_registration(request), self._parts.service, self._parts.broker
            session = await broker.run_off_loop(lambda: service.transient_session(asked.settings, owner))
            return encode_result(await broker.answer_views(session, asked.frames, "grpc"))

    async def Track(self, request_iterator: AsyncIterator[pb.ClientMessage], context: Any) -> None:  # noqa: N802
        """Carry a session's stream."""
        async with record_call("Track", context, self._parts.metrics):
            await carry_stream(self._parts, context, self._access.owner_of(context), self._firsts, self._unfinished)
