"""Between gRPC's messages and values; every field is checked here."""

from collections.abc import Sequence

import numpy as np

from fluoropose.arrays import Mat44
from fluoropose.errors import FluoroposeError, GeometryError, InputError
from fluoropose.geometry.camera import MAX_SIDE_PX, Camera, camera_from_detector, camera_from_intrinsics
from fluoropose.geometry.rigid import checked_rigid
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.rpc import fluoropose_pb2 as pb
from fluoropose.streaming.frames import RAW_MEDIA_TYPE, EncodedFrame, Result
from fluoropose.streaming.line import Ended, Event, GoingAway, Pong
from fluoropose.tracking.session import SessionSettings

__all__ = ["camera_value", "frame_value", "message_of", "pose_value", "result_message", "settings_value"]

_MEANINGS = {
    pb.INTENSITY: PixelMeaning.INTENSITY,
    pb.LINE_INTEGRAL: PixelMeaning.LINE_INTEGRAL,
    pb.DISPLAY: PixelMeaning.DISPLAY,
}
_POLICIES = {pb.LATEST: "latest", pb.REJECT: "reject"}


def camera_value(message: pb.Camera) -> Camera:
    """Return a camera, or raise GeometryError."""
    rows, columns = int(message.rows), int(message.columns)
    if not (2 <= rows <= MAX_SIDE_PX and 2 <= columns <= MAX_SIDE_PX):
        raise GeometryError(f"expected a camera of 2 to {MAX_SIDE_PX} rows and columns, got {rows} x {columns}")
    lengths = ("row_spacing_mm", "column_spacing_mm", "source_to_detector_mm")
    given = [name for name in lengths if message.HasField(name)]  # type: ignore[arg-type]
    if message.intrinsic_matrix:
        if given or len(message.intrinsic_matrix) != 9:
            raise GeometryError(
                f"expected 9 numbers of intrinsic_matrix and nothing beside, got {len(message.intrinsic_matrix)} and "
                f"{', '.join(given) or 'nothing'}"
            )
        return camera_from_intrinsics(rows, columns, np.reshape(message.intrinsic_matrix, (3, 3)).tolist())
    if len(given) != len(lengths):
        raise GeometryError(f"expected {', '.join(lengths)}, or intrinsic_matrix, got {', '.join(given) or 'neither'}")
    middle = tuple(message.principal_point_px)
    if len(middle) not in (0, 2):
        raise GeometryError(f"expected principal_point_px as [u, v] or not at all, got {len(middle)} numbers")
    return camera_from_detector(
        rows,
        columns,
        row_spacing_mm=message.row_spacing_mm,
        column_spacing_mm=message.column_spacing_mm,
        source_to_detector_mm=message.source_to_detector_mm,
        principal_point_px=(middle[0], middle[1]) if middle else None,
    )


def pose_value(numbers: Sequence[float], name: str) -> Mat44 | None:
    """Return a pose of 16 numbers, None for none, or raise GeometryError."""
    if not numbers:
        return None
    if len(numbers) != 16:
        raise GeometryError(f"expected {name} as 16 numbers, row by row, got {len(numbers)}")
    return checked_rigid(np.reshape(numbers, (4, 4)), name)


def settings_value(message: pb.SessionSettings) -> SessionSettings:
    """Return a session's settings, or raise InputError."""
    limit_ms = message.max_frame_age_ms if message.HasField("max_frame_age_ms") else None
    if limit_ms is not None and not (np.isfinite(limit_ms) and limit_ms > 0):
        raise InputError(f"expected max_frame_age_ms above 0, got {limit_ms}")
    if message.pixel_meaning not in _MEANINGS or message.policy not in _POLICIES:
        raise InputError(f"expected a known pixel_meaning and policy, got {message.pixel_meaning}, {message.policy}")
    return SessionSettings(
        message.case[:80],
        camera_value(message.camera),
        _MEANINGS[message.pixel_meaning],
        message.inverted,
        pose_value(message.initial_pose, "initial_pose"),
        limit_ms,
        _POLICIES[message.policy],
    )


def frame_value(message: pb.Frame) -> EncodedFrame:
    """Return a frame as it came."""
    captured_s = message.captured_at if message.HasField("captured_at") else None
    if captured_s is not None and not np.isfinite(captured_s):
        raise InputError(f"expected captured_at as Unix seconds, got {captured_s}")
    if max(message.rows, message.columns) > MAX_SIDE_PX:
        raise InputError(f"expected at most {MAX_SIDE_PX} rows and columns, got {message.rows} x {message.columns}")
    return EncodedFrame(
        message.data,
        message.media_type or RAW_MEDIA_TYPE,
        message.dtype or None,
        message.rows or None,
        message.columns or None,
        int(message.seq) if message.HasField("seq") else None,
        captured_s,
    )


def result_message(result: Result) -> pb.Result:
    """Return a result as it goes over the wire: the numbers of HTTP and WebSocket."""
    found = result.registration
    estimate = found.judgement.error_estimate
    return pb.Result(
        seq=result.seq,
        status=found.judgement.status.value,
        camera_from_volume=found.camera_from_volume.ravel().tolist(),
        confidence=found.judgement.confidence,
        error_estimate=pb.ErrorEstimate(
            in_plane_mm=estimate.in_plane_mm, depth_mm=estimate.depth_mm, rotation_deg=estimate.rotation_deg
        ),
        timing_ms={stage: round(value, 3) for stage, value in found.timing_ms.items()},
        age_ms=round(result.age_ms, 3),
        dropped_since_last=result.dropped,
        case=result.case,
        model=result.model,
        device=result.device,
    )


def message_of(event: Event) -> pb.ServerMessage:
    """Return a stream's event as a message."""
    if isinstance(event, Result):
        return pb.ServerMessage(result=result_message(event))
    if isinstance(event, GoingAway):
        pose = [] if event.last_pose is None else event.last_pose.ravel().tolist()
        return pb.ServerMessage(going_away=pb.GoingAway(reconnect_after_ms=event.reconnect_after_ms, last_pose=pose))
    if isinstance(event, Pong):
        return pb.ServerMessage(pong=pb.Pong(client_time=event.client_time, server_time=event.server_time))
    if isinstance(event, Ended):
        return pb.ServerMessage(ended=pb.Ended(reason=event.reason))
    return pb.ServerMessage(problem=_problem(event.seq, event.error))


def _problem(seq: int | None, error: FluoroposeError) -> pb.Problem:
    return pb.Problem(seq=None if seq is None or seq < 0 else seq, code=error.code, detail=str(error))
