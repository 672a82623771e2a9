"""The client's side of gRPC: a channel to the service whose calls take and return the fields of the HTTP API."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import grpc

from fluoropose.transports.grpc import fluoropose_pb2 as pb
from fluoropose.transports.grpc.fluoropose_pb2_grpc import RegistrationStub

__all__ = ["RpcCallError", "RpcChannel", "RpcStream", "frame_message", "restart_message"]

_OPTIONS = [
    ("grpc.max_send_message_length", 64 * 2**20),
    ("grpc.max_receive_message_length", 2**20),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
]
_MEANINGS = {"intensity": pb.INTENSITY, "line_integral": pb.LINE_INTEGRAL, "display": pb.DISPLAY}
_POLICIES = {"latest": pb.LATEST, "reject": pb.REJECT}
_MOTIONS = {"still": pb.STILL, "moving": pb.MOVING}


class RpcCallError(Exception):
    """A call failed: the connection broke (`connection_lost`), or the service refused with its own `code`.

    The service's refusals begin with the code and a colon. A call that ends in another way was ended by gRPC, which
    counts as a broken connection.
    """

    def __init__(self, error: grpc.aio.AioRpcError) -> None:
        detail = error.details() or ""
        code, found, text = detail.partition(": ")
        ours = bool(found) and " " not in code
        super().__init__(text if ours else detail)
        self.connection_lost = not ours or error.code() is grpc.StatusCode.UNAVAILABLE
        self.code = code if ours else error.code().name.lower()
        self.status = error.code().value[0]


class RpcChannel:
    """A connection to one service."""

    def __init__(self, address: str, key: str | None, authority: Path | None, pair: tuple[Path, Path] | None) -> None:
        """Keep the address; the connection is made with the first call.

        It uses TLS if an authority is given, and the client's own certificate if a `pair` (chain, key) is.
        """
        if authority is None:
            self._channel = grpc.aio.insecure_channel(address, options=_OPTIONS)
        else:
            chain, private = (None, None) if pair is None else (path.read_bytes() for path in pair)
            credentials = grpc.ssl_channel_credentials(authority.read_bytes(), private, chain)
            self._channel = grpc.aio.secure_channel(address, credentials, options=_OPTIONS)
        self._stub: Any = RegistrationStub(self._channel)
        self._metadata = () if key is None else (("authorization", f"Bearer {key}"),)

    async def open_session(self, body: dict[str, Any]) -> str:
        """Open a session with the fields of POST /v1/sessions and return its name."""
        return str((await self.open(body))["session"])

    async def open(self, body: dict[str, Any]) -> dict[str, Any]:
        """Open a session as `open_session`; return its name, and its `endpoints` where a fleet names some."""
        request = pb.OpenSessionRequest(settings=settings_message(body))
        answer = await self._call(self._stub.OpenSession, request)
        places = {"http": answer.endpoints.http, "grpc": answer.endpoints.grpc}
        return {"session": answer.session} | ({"endpoints": places} if answer.HasField("endpoints") else {})

    async def close_session(self, session: str) -> None:
        """Close a session."""
        await self._call(self._stub.CloseSession, pb.CloseSessionRequest(session=session))

    async def register(self, body: dict[str, Any], frame: dict[str, Any] | None = None) -> dict[str, Any]:
        """Register one frame without a session, or the `views` in the body, each with a camera and such a frame."""
        views = [
            pb.View(camera=camera_message(one["camera"]), frame=frame_message(one["frame"]), name=one.get("name", ""))
            for one in body.get("views", [])
        ]
        whole = None if frame is None else frame_message(frame)
        request = pb.RegisterRequest(settings=settings_message(body), frame=whole, views=views)
        return result_dict(await self._call(self._stub.Register, request))

    async def track(self, session: str, takeover: bool = False) -> "RpcStream":
        """Open a stream and attach it to a session; with `takeover` in place of another stream."""
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
    """One stream of the `Track` call."""

    def __init__(self, call: Any) -> None:
        """Use `RpcChannel.track` to open a stream."""
        self._call = call

    async def send(self, message: pb.ClientMessage) -> None:
        """Send a message, or raise RpcCallError."""
        try:
            await self._call.write(message)
        except grpc.aio.AioRpcError as error:
            raise RpcCallError(error) from error
        except (grpc.aio.UsageError, asyncio.InvalidStateError) as error:
            await self.receive()  # raises the error that ended the call
            raise ConnectionError(str(error)) from error

    async def receive(self) -> dict[str, Any]:
        """Return the next event as a dict, as on the WebSocket; raise RpcCallError, or ConnectionError at the end."""
        try:
            message = await self._call.read()
        except grpc.aio.AioRpcError as error:
            raise RpcCallError(error) from error
        if message is grpc.aio.EOF:
            raise ConnectionError("the stream has ended")
        return event_dict(message)

    async def finish(self) -> None:
        """Tell the service that no more messages will come."""
        await self._call.done_writing()

    def cancel(self) -> None:
        """End the call at once."""
        self._call.cancel()


def camera_message(camera: dict[str, Any]) -> pb.Camera:
    """Return the message of a camera in the API's JSON."""
    fields = {key: value for key, value in camera.items() if value is not None}
    for name in ("intrinsic_matrix", "camera_from_world"):
        if name in fields:
            fields[name] = _flat(fields[name])
    if "tolerance" in fields:
        fields["tolerance"] = pb.Tolerance(**fields["tolerance"])
    if "mask" in fields:
        fields["mask"] = _mask_message(fields["mask"])
    return pb.Camera(**fields)


def _mask_message(mask: dict[str, Any]) -> pb.Mask:
    return pb.Mask(
        circle_px=mask.get("circle_px"),
        polygon_px=_flat(mask.get("polygon_px")),
        hidden_px=_flat(mask.get("hidden_px")),
    )


def settings_message(body: dict[str, Any]) -> pb.SessionSettings:
    """Return the message of a session's settings, from the fields of POST /v1/sessions."""
    camera, pairing, smoothing = body.get("camera"), body.get("pairing") or {}, body.get("smoothing")
    return pb.SessionSettings(
        case=body.get("case", ""),
        camera=None if camera is None else camera_message(camera),
        pixel_meaning=_MEANINGS[body.get("pixel_meaning", "intensity")],
        inverted=body.get("inverted", False),
        initial_pose=_flat(body.get("initial_pose")),
        max_frame_age_ms=body.get("max_frame_age_ms"),
        policy=_POLICIES[body.get("policy", "latest")],
        cameras=_named_camera_messages(body.get("cameras")),
        cases=[_object_message(one) for one in body.get("cases") or []],
        pairing_tolerance_ms=pairing.get("tolerance_ms"),
        smoothing=smoothing
        and pb.Smoothing(window_s=smoothing["window_s"], object=_MOTIONS[smoothing.get("object", "still")]),
        include=body.get("include") or [],
    )


def frame_message(frame: dict[str, Any]) -> pb.Frame:
    """Return the message of a frame, from its bytes in `data` and the fields of X-Frame-Meta."""
    fields = {key: value for key, value in frame.items() if key not in ("camera_from_world", "c_arm")}
    arm = frame.get("c_arm")
    return pb.Frame(**fields, camera_from_world=_flat(frame.get("camera_from_world")), c_arm=arm and pb.CArm(**arm))


def restart_message(change: dict[str, Any]) -> pb.ClientMessage:
    """Return the message that changes a session, from the fields of PATCH /v1/sessions."""
    camera = change.get("camera")
    restart = pb.Restart(
        initial_pose=_flat(change.get("initial_pose")),
        camera=camera and camera_message(camera),
        case=change.get("case"),
        cameras=_named_camera_messages(change.get("cameras")),
        add=[_object_message(one) for one in change.get("add") or []],
        remove=change.get("remove") or [],
        include=None if change.get("include") is None else pb.Include(parts=change["include"]),
    )
    return pb.ClientMessage(restart=restart)


def result_dict(result: pb.Result) -> dict[str, Any]:
    """Return a result as a dict, as HTTP answers it."""
    answer = {
        "seq": result.seq,
        **_found_dict(result),
        "timing_ms": dict(result.timing_ms),
        "age_ms": result.age_ms,
        "dropped_since_last": result.dropped_since_last,
        "device": result.device,
        "camera": result.camera,
        "views": list(result.views),
        "views_left_out": dict(result.views_left_out),
    }
    if result.objects:
        answer["objects"] = [_found_dict(one) for one in result.objects]
    if result.searching:
        answer["searching"] = list(result.searching)
    return answer


def _found_dict(found: pb.Result | pb.Found) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "case": found.case,
        "model": found.model,
        "status": pb.Status.Name(found.status),
        "confidence": found.confidence,
        "camera_from_volume": _rows(found.camera_from_volume) or None,
        "world_from_volume": _rows(found.world_from_volume) or None,
        "error_estimate": _estimate_dict(found.error_estimate),
        "visible_fraction": found.visible_fraction,
        "reason": found.reason if found.HasField("reason") else None,
        "reason_text": found.reason_text if found.HasField("reason_text") else None,
    }
    if found.HasField("smoothed"):
        smoothed = found.smoothed
        fields["smoothed"] = {
            "world_from_volume": _rows(smoothed.world_from_volume),
            "camera_from_volume": _rows(smoothed.camera_from_volume),
            "error_estimate": _estimate_dict(smoothed.error_estimate),
            "frames": smoothed.frames,
        }
    if found.outline:
        fields["outline"] = [_rows(polygon.pixels, 2) for polygon in found.outline]
    if found.covariance:
        fields["covariance"] = _rows(found.covariance, 6)
    return fields


def _estimate_dict(estimate: pb.ErrorEstimate) -> dict[str, float]:
    return {name: getattr(estimate, name) for name in ("in_plane_mm", "depth_mm", "rotation_deg")}


def _object_message(start: dict[str, Any]) -> pb.Object:
    return pb.Object(case=start["case"], initial_pose=_flat(start.get("initial_pose")))


def _named_camera_messages(cameras: dict[str, Any] | None) -> list[pb.NamedCamera]:
    return [pb.NamedCamera(name=name, camera=camera_message(one)) for name, one in (cameras or {}).items()]


def _flat(matrix: Any) -> list[float]:
    return [] if matrix is None else [float(number) for row in matrix for number in row]


def _rows(numbers: Sequence[float], columns: int = 4) -> list[list[float]]:
    return [list(numbers[begin : begin + columns]) for begin in range(0, len(numbers), columns)]


def event_dict(message: pb.ServerMessage) -> dict[str, Any]:
    """Return a stream's event as a dict, as on the WebSocket."""
    kind = message.WhichOneof("message")
    if kind == "result":
        return {"type": "result", **result_dict(message.result)}
    if kind == "problem":
        problem = message.problem
        seq = problem.seq if problem.HasField("seq") else None
        return {"type": "problem", "seq": seq, "code": problem.code, "detail": problem.detail}
    if kind == "going_away":
        rows = _rows(message.going_away.last_pose) if message.going_away.last_pose else None
        return {"type": "going_away", "reconnect_after_ms": message.going_away.reconnect_after_ms, "last_pose": rows}
    if kind == "pong":
        return {"type": "pong", "client_time": message.pong.client_time, "server_time": message.pong.server_time}
    if kind == "welcome":
        return {"type": "welcome", "session": message.welcome.session, "server_time": message.welcome.server_time}
    return {"type": "ended", "reason": message.ended.reason}
