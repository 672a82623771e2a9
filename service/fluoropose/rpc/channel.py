"""The other end of gRPC: a channel to the service, its calls as plain dicts, its errors as ours."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc

from fluoropose.rpc import fluoropose_pb2 as pb
from fluoropose.rpc.fluoropose_pb2_grpc import RegistrationStub

__all__ = ["RpcCallError", "RpcChannel", "RpcStream", "frame_message", "restart_message"]

_OPTIONS = [
    ("grpc.max_send_message_length", 64 * 2**20),
    ("grpc.max_receive_message_length", 2**20),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
]
_MEANINGS = {"intensity": pb.INTENSITY, "line_integral": pb.LINE_INTEGRAL, "display": pb.DISPLAY}
_POLICIES = {"latest": pb.LATEST, "reject": pb.REJECT}


class RpcCallError(Exception):
    """A call failed; `lost` tells a broken connection from a refusal, whose `code` is the service's.

    A refusal of ours begins with its code and a colon; whatever else ends a call is gRPC's, so the connection's.
    """

    def __init__(self, error: grpc.aio.AioRpcError) -> None:
        detail = error.details() or ""
        code, found, text = detail.partition(": ")
        ours = bool(found) and " " not in code
        super().__init__(text if ours else detail)
        self.lost = not ours or error.code() is grpc.StatusCode.UNAVAILABLE
        self.code = code if ours else error.code().name.lower()
        self.status = error.code().value[0]


class RpcChannel:
    """One connection to a service."""

    def __init__(self, address: str, key: str | None, authority: Path | None, pair: tuple[Path, Path] | None) -> None:
        """Connect lazily; with TLS if an authority is given, with our own certificate (chain, key) if a pair is."""
        if authority is None:
            self._channel = grpc.aio.insecure_channel(address, options=_OPTIONS)
        else:
            chain, private = (None, None) if pair is None else (path.read_bytes() for path in pair)
            credentials = grpc.ssl_channel_credentials(authority.read_bytes(), private, chain)
            self._channel = grpc.aio.secure_channel(address, credentials, options=_OPTIONS)
        self._stub: Any = RegistrationStub(self._channel)
        self._metadata = () if key is None else (("authorization", f"Bearer {key}"),)

    async def open_session(self, body: dict[str, Any]) -> str:
        """Open a session of the fields of POST /v1/sessions; return its name."""
        request = pb.OpenSessionRequest(settings=settings_message(body))
        return str((await self._call(self._stub.OpenSession, request)).session)

    async def close_session(self, session: str) -> None:
        """Close a session."""
        await self._call(self._stub.CloseSession, pb.CloseSessionRequest(session=session))

    async def register(self, body: dict[str, Any], frame: dict[str, Any]) -> dict[str, Any]:
        """Register one frame without a session."""
        request = pb.RegisterRequest(settings=settings_message(body), frame=frame_message(frame))
        return result_dict(await self._call(self._stub.Register, request))

    async def track(self, session: str, takeover: bool = False) -> "RpcStream":
        """Attach a stream to a session."""
        stream = RpcStream(self._stub.Track(metadata=self._metadata))
        await stream.send(pb.ClientMessage(hello=pb.Hello(session=session, takeover=takeover)))
        await stream.receive()
        return stream

    async def close(self) -> None:
        """Close the connection."""
        await self._channel.close()

    async def _call(self, call: Callable[..., Any], request: Any) -> Any:
        try:
            return await call(request, metadata=self._metadata, timeout=30.0)
        except grpc.aio.AioRpcError as error:
            raise RpcCallError(error) from error


class RpcStream:
    """One `Track`."""

    def __init__(self, call: Any) -> None:
        """Made by `RpcChannel.track`."""
        self._call = call

    async def send(self, message: pb.ClientMessage) -> None:
        """Send a message, or raise RpcCallError."""
        try:
            await self._call.write(message)
        except grpc.aio.AioRpcError as error:
            raise RpcCallError(error) from error
        except (grpc.aio.UsageError, asyncio.InvalidStateError) as error:
            await self.receive()  # the call has ended: this says why
            raise ConnectionError(str(error)) from error

    async def receive(self) -> dict[str, Any]:
        """Return the next event as on the WebSocket, or raise RpcCallError, or ConnectionError at the end."""
        try:
            message = await self._call.read()
        except grpc.aio.AioRpcError as error:
            raise RpcCallError(error) from error
        if message is grpc.aio.EOF:
            raise ConnectionError("the stream has ended")
        return event_dict(message)

    async def finish(self) -> None:
        """Say that no more comes."""
        await self._call.done_writing()

    def cancel(self) -> None:
        """End the call at once."""
        self._call.cancel()


def camera_message(camera: dict[str, Any]) -> pb.Camera:
    """Return a camera of the API's JSON."""
    fields = {key: value for key, value in camera.items() if value is not None}
    if "intrinsic_matrix" in fields:
        fields["intrinsic_matrix"] = [float(x) for row in fields["intrinsic_matrix"] for x in row]
    return pb.Camera(**fields)


def settings_message(body: dict[str, Any]) -> pb.SessionSettings:
    """Return a session's settings of the fields of POST /v1/sessions."""
    pose = body.get("initial_pose")
    return pb.SessionSettings(
        case=body["case"],
        camera=camera_message(body["camera"]),
        pixel_meaning=_MEANINGS[body.get("pixel_meaning", "intensity")],
        inverted=body.get("inverted", False),
        initial_pose=[] if pose is None else [float(x) for row in pose for x in row],
        max_frame_age_ms=body.get("max_frame_age_ms"),
        policy=_POLICIES[body.get("policy", "latest")],
    )


def frame_message(frame: dict[str, Any]) -> pb.Frame:
    """Return a frame of `data` and the fields of X-Frame-Meta."""
    return pb.Frame(**frame)


def restart_message(change: dict[str, Any]) -> pb.ClientMessage:
    """Return a restart of the fields of PATCH."""
    pose, camera = change.get("initial_pose"), change.get("camera")
    flat = [] if pose is None else [float(x) for row in pose for x in row]
    return pb.ClientMessage(restart=pb.Restart(initial_pose=flat, camera=camera and camera_message(camera)))


def result_dict(result: pb.Result) -> dict[str, Any]:
    """Return a result as HTTP answers it."""
    pose, estimate = list(result.camera_from_volume), result.error_estimate
    return {
        "seq": result.seq,
        "status": pb.Status.Name(result.status),
        "camera_from_volume": [pose[4 * row : 4 * row + 4] for row in range(4)],
        "confidence": result.confidence,
        "error_estimate": {
            "in_plane_mm": estimate.in_plane_mm,
            "depth_mm": estimate.depth_mm,
            "rotation_deg": estimate.rotation_deg,
        },
        "timing_ms": dict(result.timing_ms),
        "age_ms": result.age_ms,
        "dropped_since_last": result.dropped_since_last,
        "case": result.case,
        "model": result.model,
        "device": result.device,
    }


def event_dict(message: pb.ServerMessage) -> dict[str, Any]:
    """Return a stream's event as on the WebSocket."""
    kind = message.WhichOneof("message")
    if kind == "result":
        return {"type": "result", **result_dict(message.result)}
    if kind == "problem":
        problem = message.problem
        seq = problem.seq if problem.HasField("seq") else None
        return {"type": "problem", "seq": seq, "code": problem.code, "detail": problem.detail}
    if kind == "going_away":
        pose = list(message.going_away.last_pose)
        rows = [pose[4 * row : 4 * row + 4] for row in range(4)] if pose else None
        return {"type": "going_away", "reconnect_after_ms": message.going_away.reconnect_after_ms, "last_pose": rows}
    if kind == "pong":
        return {"type": "pong", "client_time": message.pong.client_time, "server_time": message.pong.server_time}
    if kind == "welcome":
        return {"type": "welcome", "session": message.welcome.session, "server_time": message.welcome.server_time}
    return {"type": "ended", "reason": message.ended.reason}
