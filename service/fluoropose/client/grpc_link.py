"""A link that sends frames over a gRPC stream."""

from typing import Any

from fluoropose.client.grpc_channel import RpcCallError, RpcChannel, RpcStream, frame_message, restart_message
from fluoropose.client.links import LinkLostError, OutgoingFrame, ProblemError, to_link_lost_error
from fluoropose.transports.grpc import fluoropose_pb2 as pb

__all__ = ["GrpcLink", "to_client_error"]


def to_client_error(error: RpcCallError | ConnectionError) -> ProblemError | LinkLostError:
    """Return the client's error for a failed call: a refusal, or a lost connection."""
    if isinstance(error, ConnectionError) or error.connection_lost:
        return to_link_lost_error(error)
    return ProblemError(error.status, {"code": error.code, "title": "refused", "detail": str(error)})


class GrpcLink:
    """One session over gRPC."""

    def __init__(self, stream: RpcStream) -> None:
        """Use `GrpcLink.open` to make a link."""
        self._stream = stream

    @classmethod
    async def open(cls, channel: RpcChannel, session: str, takeover: bool = False) -> "GrpcLink":
        """Attach to a session, or raise ProblemError or LinkLostError."""
        try:
            return cls(await channel.track(session, takeover))
        except (RpcCallError, ConnectionError) as error:
            raise to_client_error(error) from error

    async def send(self, frame: OutgoingFrame) -> None:
        """Send a frame."""
        await self._send(pb.ClientMessage(frame=frame_message({"data": frame.body(), **frame.meta()})))

    async def receive(self) -> dict[str, Any]:
        """Return the next event."""
        try:
            return await self._stream.receive()
        except (RpcCallError, ConnectionError) as error:
            raise to_client_error(error) from error

    async def restart(self, change: dict[str, Any]) -> None:
        """Change the session."""
        await self._send(restart_message(change))

    async def ping(self, client_time: float) -> None:
        """Ask for the server's time."""
        await self._send(pb.ClientMessage(ping=pb.Ping(client_time=client_time)))

    async def close(self) -> None:
        """End the stream."""
        self._stream.cancel()

    async def _send(self, message: pb.ClientMessage) -> None:
        try:
            await self._stream.send(message)
        except (RpcCallError, ConnectionError) as error:
            raise to_client_error(error) from error
