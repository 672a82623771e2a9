"""The gRPC server: `fluoropose.v1.Registration`, health and reflection, on the event loop of everything else."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from fluoropose.errors import AccessError, DeviceError, FluoroposeError, InputError, NotReadyError
from fluoropose.serving.api_keys import KeyRing
from fluoropose.serving.stream import Stream, StreamEnd, StreamRegistry
from fluoropose.transports.grpc import fluoropose_pb2 as pb
from fluoropose.transports.grpc.decode import change_value, frame_value, register_value, settings_value
from fluoropose.transports.grpc.encode import message_of, result_message
from fluoropose.transports.grpc.fluoropose_pb2_grpc import RegistrationServicer, add_RegistrationServicer_to_server

__all__ = ["MAX_MESSAGE_BYTES", "RpcServer", "RpcTls"]

MAX_MESSAGE_BYTES = 64 * 2**20
"""The same as HTTP's limit on a body."""

SERVICE = "fluoropose.v1.Registration"

_OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", 2**20),
    ("grpc.max_concurrent_streams", 256),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.so_reuseport", 0),
]

_CODES = {
    "unauthenticated": grpc.StatusCode.UNAUTHENTICATED,
    "forbidden": grpc.StatusCode.PERMISSION_DENIED,
    "unknown-case": grpc.StatusCode.NOT_FOUND,
    "unknown-session": grpc.StatusCode.NOT_FOUND,
    "unknown-camera": grpc.StatusCode.NOT_FOUND,
    "unknown-object": grpc.StatusCode.NOT_FOUND,
    "conflict": grpc.StatusCode.FAILED_PRECONDITION,
    "session-taken": grpc.StatusCode.ABORTED,
    "sequence-conflict": grpc.StatusCode.ABORTED,
    "frame-superseded": grpc.StatusCode.ABORTED,
    "frame-stale": grpc.StatusCode.DEADLINE_EXCEEDED,
    "overloaded": grpc.StatusCode.RESOURCE_EXHAUSTED,
}

_log = logging.getLogger("fluoropose.requests")


@dataclass(frozen=True, slots=True)
class RpcTls:
    """Files in PEM: the server's key and chain, and the authority of clients' certificates if they must have one."""

    key: Path
    chain: Path
    client_authority: Path | None = None

    def credentials(self) -> grpc.ServerCredentials:
        """Return gRPC's credentials, or raise InputError if a file cannot be read."""
        try:
            pair = (self.key.read_bytes(), self.chain.read_bytes())
            roots = None if self.client_authority is None else self.client_authority.read_bytes()
        except OSError as error:
            raise InputError(f"expected readable TLS files, got: {error.strerror} ({error.filename})") from error
        return grpc.ssl_server_credentials([pair], roots, require_client_auth=roots is not None)


class RpcServer:
    """Carries the same desk as HTTP and WebSocket."""

    def __init__(self, streams: StreamRegistry, keys: KeyRing | None = None) -> None:
        """Make the server; `start` binds it."""
        self._server = grpc.aio.server(options=_OPTIONS, maximum_concurrent_rpcs=512)
        self._health = health.aio.HealthServicer()
        add_RegistrationServicer_to_server(_Registration(streams, keys), self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = (SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)

    async def start(self, host: str, port: int, tls: RpcTls | None = None) -> int:
        """Bind and serve; return the port (0 takes a free one). Not serving as to health until `set_serving`."""
        await self.set_serving(False)
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            if tls is None:
                bound = self._server.add_insecure_port(address)
            else:
                bound = self._server.add_secure_port(address, tls.credentials())
        except RuntimeError as error:
            raise DeviceError(f"expected a free port {port} for gRPC, got: {error}") from error
        await self._server.start()
        return int(bound)

    async def set_serving(self, serving: bool) -> None:
        """Say over the health protocol whether frames are taken."""
        status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in ("", SERVICE):
            await self._health.set(name, status)

    async def stop(self, grace_s: float) -> None:
        """Finish calls in flight, at most `grace_s` long."""
        await self._server.stop(grace_s)


class _Registration(RegistrationServicer):
    """The calls. Each checks its key first and answers our errors as status codes with the error's code in front."""

    def __init__(self, streams: StreamRegistry, keys: KeyRing | None) -> None:
        self.streams = streams
        self.broker = streams.broker
        self.service = streams.broker.service
        self.metrics = streams.broker.metrics
        self.keys = keys

    async def OpenSession(self, request: pb.OpenSessionRequest, context: Any) -> pb.OpenSessionResponse:  # noqa: N802
        """Open a session."""
        return await self._called("OpenSession", context, lambda owner: self._open(request.settings, owner))

    async def CloseSession(self, request: pb.CloseSessionRequest, context: Any) -> pb.CloseSessionResponse:  # noqa: N802
        """Close a session and end its stream."""

        async def close(owner: str) -> pb.CloseSessionResponse:
            self.streams.close(self.service.sessions.get(request.session, owner))
            return pb.CloseSessionResponse()

        return await self._called("CloseSession", context, close)

    async def Register(self, request: pb.RegisterRequest, context: Any) -> pb.Result:  # noqa: N802
        """Answer one instant without a session."""

        async def register(owner: str) -> pb.Result:
            settings, frames = register_value(request)
            session = await self.broker.run_off_loop(lambda: self.service.transient_session(settings, owner))
            return result_message(await self.broker.answer_views(session, frames, "grpc"))

        return await self._called("Register", context, register)

    async def Track(self, request_iterator: AsyncIterator[pb.ClientMessage], context: Any) -> None:  # noqa: N802
        """Carry a stream: read and write side by side, reading never waits for anything."""
        began = time.perf_counter()
        code = "OK"
        try:
            owner = self._owner(context)
            stream, welcome = await self._attach(await context.read(), owner)
            await context.write(pb.ServerMessage(welcome=welcome))
            await self._carry(stream, context)
        except FluoroposeError as error:
            code = _code_of(error).name
            await context.abort(_code_of(error), f"{error.code}: {error}")
        except asyncio.CancelledError:
            code = "CANCELLED"
            raise
        finally:
            self._note("Track", code, time.perf_counter() - began)

    async def _open(self, message: pb.SessionSettings, owner: str) -> pb.OpenSessionResponse:
        session = await self.streams.open(settings_value(message), owner)
        return pb.OpenSessionResponse(session=session.name)

    async def _attach(self, first: Any, owner: str) -> tuple[Stream, pb.Welcome]:
        if first is grpc.aio.EOF or first.WhichOneof("message") != "hello":
            raise InputError("expected hello as a stream's first message, got another")
        hello = first.hello
        if bool(hello.session) == hello.HasField("settings"):
            raise InputError("expected a session or the settings of one in hello, got both or neither")
        name = hello.session or (await self._open(hello.settings, owner)).session
        stream = self.streams.attach(self.service.sessions.get(name, owner), "grpc", hello.takeover)
        return stream, pb.Welcome(session=name, server_time=time.time())

    async def _carry(self, stream: Stream, context: Any) -> None:
        reading = asyncio.create_task(self._read(stream, context))
        try:
            await self._write(stream, context, reading)
        finally:
            reading.cancel()
            stream.close()

    async def _read(self, stream: Stream, context: Any) -> None:
        while (message := await context.read()) is not grpc.aio.EOF:
            try:
                self._take(stream, message)
            except FluoroposeError as error:
                stream.refuse(error)
        stream.finish()

    def _take(self, stream: Stream, message: pb.ClientMessage) -> None:
        kind = message.WhichOneof("message")
        if kind == "frame":
            self.service.sessions.get(stream.session.name)
            stream.offer(frame_value(message.frame))
        elif kind == "ping":
            stream.pong(message.ping.client_time)
        elif kind == "restart":
            stream.change(change_value(message.restart))
        else:
            raise InputError(f"expected frame, restart or ping after hello, got {kind or 'nothing known'}")

    async def _write(self, stream: Stream, context: Any, reading: "asyncio.Task[None]") -> None:
        while True:
            for event in await stream.next():
                await context.write(message_of(event))
                if isinstance(event, StreamEnd):
                    return

    async def _called(self, name: str, context: Any, work: Callable[[str], Awaitable[Any]]) -> Any:
        began = time.perf_counter()
        code = "OK"
        try:
            return await work(self._owner(context))
        except FluoroposeError as error:
            code = _code_of(error).name
            await context.abort(_code_of(error), f"{error.code}: {error}")
        finally:
            self._note(name, code, time.perf_counter() - began)

    def _owner(self, context: Any) -> str:
        """Return the id of the caller's key, or raise AccessError."""
        if self.keys is None:
            return ""
        metadata = {key.lower(): value for key, value in context.invocation_metadata() or ()}
        kind, _, token = str(metadata.get("authorization", "")).partition(" ")
        try:
            given = token if kind.lower() == "bearer" else str(metadata.get("x-api-key", ""))
            return self.keys.check(given, "infer")
        except AccessError as error:
            self.metrics.auth_failures.labels(error.reason).inc()
            raise

    def _note(self, name: str, code: str, seconds: float) -> None:
        self.metrics.requests.labels("grpc", name, code).inc()
        if name != "Track":
            self.metrics.request_duration.labels("grpc", name).observe(seconds)
        fields = {"route": name, "status": code, "ms": round(1e3 * seconds, 1)}
        _log.info("call", extra={"fields": fields})


def _code_of(error: FluoroposeError) -> grpc.StatusCode:
    if error.code in _CODES:
        return _CODES[error.code]
    if isinstance(error, InputError):
        return grpc.StatusCode.INVALID_ARGUMENT
    return grpc.StatusCode.UNAVAILABLE if isinstance(error, NotReadyError | DeviceError) else grpc.StatusCode.INTERNAL
