"""The gRPC server: `fluoropose.v1.Registration`, health and reflection, on the event loop of everything else."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from fluoropose.errors import DeviceError, InputError
from fluoropose.serving.api_keys import KeyRing
from fluoropose.serving.wiring import ServingParts
from fluoropose.transports.grpc import fluoropose_pb2 as pb
from fluoropose.transports.grpc.access import KeyCheck
from fluoropose.transports.grpc.admission import AdmitCalls, FirstMessages
from fluoropose.transports.grpc.fluoropose_pb2_grpc import add_RegistrationServicer_to_server
from fluoropose.transports.grpc.servicer import Registration
from fluoropose.transports.grpc.unfinished import UnfinishedMessages

__all__ = ["MAX_MESSAGE_BYTES", "RpcServer", "RpcTls", "SERVICE"]

MAX_MESSAGE_BYTES = 64 * 2**20
"""The same as HTTP's limit on a body."""

SERVICE = "fluoropose.v1.Registration"

_OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", 2**20),
    ("grpc.max_concurrent_streams", 100),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.so_reuseport", 0),
    # Connections: how many, how long one may take to begin, how long one without calls is kept.
    ("grpc.max_allowed_incoming_connections", 512),
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.max_connection_idle_ms", 300_000),
    ("grpc.max_metadata_size", 16 * 2**10),
]

_MAX_CALLS = 512
"""More than sessions, health and silent calls may hold together, so that a place is left for the next call."""

_MESSAGES = {
    f"/{SERVICE}/OpenSession": pb.OpenSessionRequest,
    f"/{SERVICE}/CloseSession": pb.CloseSessionRequest,
    f"/{SERVICE}/Register": pb.RegisterRequest,
    f"/{SERVICE}/Track": pb.ClientMessage,
}


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
    """Carries the parts that serve a service, as HTTP and WebSocket do."""

    def __init__(self, parts: ServingParts, keys: KeyRing | None = None) -> None:
        """Make the server; `start` binds it."""
        firsts = FirstMessages()
        self._unfinished = UnfinishedMessages()
        self._counting: asyncio.Task[None] | None = None
        admit = AdmitCalls(KeyCheck(keys, parts.metrics), _MESSAGES, firsts, unfinished=self._unfinished)
        self._server = grpc.aio.server(interceptors=[admit], options=_OPTIONS, maximum_concurrent_rpcs=_MAX_CALLS)
        self._health = health.aio.HealthServicer()
        add_RegistrationServicer_to_server(Registration(parts, keys, firsts, self._unfinished), self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = (SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)

    async def start(self, host: str, port: int, tls: RpcTls | None = None) -> int:
        """Bind and serve; return the port (0 takes a free one). Health says "not serving" until `set_serving`."""
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
        self._counting = asyncio.create_task(self._unfinished.run(int(bound)))
        return int(bound)

    async def set_serving(self, serving: bool) -> None:
        """Let the health protocol say whether frames are taken."""
        status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in ("", SERVICE):
            await self._health.set(name, status)

    async def stop(self, grace_s: float) -> None:
        """Finish calls in flight, at most `grace_s` long."""
        await self._server.stop(grace_s)
        if self._counting is not None:
            self._counting.cancel()
