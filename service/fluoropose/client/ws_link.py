"""A link that sends frames over a WebSocket."""

import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from fluoropose.client.links import Address, LinkLostError, OutgoingFrame, ProblemError, to_link_lost_error

__all__ = ["WsLink"]

_SUBPROTOCOL = "fluoropose.v1+json"
_REFUSED = {4400: "unsupported-protocol", 4404: "unknown-session", 4409: "session-taken"}


class WsLink:
    """One session over a WebSocket."""

    def __init__(self, socket: ClientConnection) -> None:
        """Use `WsLink.open` to make a link."""
        self._socket = socket

    @classmethod
    async def open(cls, address: Address, session: str, takeover: bool = False) -> "WsLink":
        """Connect to a session's stream, or raise ProblemError or LinkLostError."""
        path = f"/v1/sessions/{session}/stream" + ("?takeover=true" if takeover else "")
        options: dict[str, Any] = {} if address.context() is None else {"ssl": address.context()}
        try:
            socket = await connect(
                address.http.replace("http", "ws", 1) + path,
                subprotocols=[_SUBPROTOCOL],  # type: ignore[list-item]
                additional_headers=address.headers(),
                compression=None,
                max_size=2**20,
                open_timeout=address.timeout_s,
                proxy=None,
                **options,
            )
        except InvalidStatus as error:
            body = {"code": "unauthenticated", "title": "refused", "detail": "the handshake was refused"}
            raise ProblemError(error.response.status_code, body) from error
        except (OSError, WebSocketException) as error:
            raise to_link_lost_error(error) from error
        return cls(socket)

    async def send(self, frame: OutgoingFrame) -> None:
        """Send a frame."""
        header = json.dumps(frame.meta()).encode()
        await self._send(len(header).to_bytes(4, "little") + header + frame.body())

    async def receive(self) -> dict[str, Any]:
        """Return the next event."""
        try:
            event: dict[str, Any] = json.loads(await self._socket.recv())
        except ConnectionClosed as error:
            raise _to_closing_error(error) from error
        return event

    async def restart(self, change: dict[str, Any]) -> None:
        """Change the session."""
        await self._send(json.dumps({"type": "restart", **change}))

    async def ping(self, client_time: float) -> None:
        """Ask for the server's time."""
        await self._send(json.dumps({"type": "ping", "time": client_time}))

    async def close(self) -> None:
        """Close the socket."""
        await self._socket.close()

    async def _send(self, message: bytes | str) -> None:
        try:
            await self._socket.send(message)
        except ConnectionClosed as error:
            raise _to_closing_error(error) from error


def _to_closing_error(error: ConnectionClosed) -> ProblemError | LinkLostError:
    """Return the error for a closed socket: the server's refusal, or a lost connection."""
    code = error.rcvd.code if error.rcvd is not None else 1006
    if code in _REFUSED:
        return ProblemError(409, {"code": _REFUSED[code], "title": "refused", "detail": str(error)})
    return to_link_lost_error(error)
