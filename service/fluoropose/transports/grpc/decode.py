"""From gRPC's messages to values; every field is checked here. `answers` is the other way."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from fluoropose.arrays import Mat44
from fluoropose.errors import GeometryError, InputError
from fluoropose.geometry.camera import MAX_SIDE_PX, Camera, camera_from_detector, camera_from_intrinsics
from fluoropose.geometry.rig import SameCameraError, c_arm_camera_from_world
from fluoropose.geometry.rigid import check_rigid
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.serving.messages import RAW_MEDIA_TYPE, EncodedFrame
from fluoropose.tracking.session_settings import (
    MAX_WINDOW_S,
    ONLY_CAMERA,
    PAIRING_TOLERANCE_MS,
    Change,
    ObjectStart,
    SessionCamera,
    SessionSettings,
)
from fluoropose.tracking.smoother import Smoothing
from fluoropose.transports.grpc import fluoropose_pb2 as pb

__all__ = ["camera_value", "change_value", "frame_value", "pose_value", "register_value", "settings_value"]

_MEANINGS = {
    pb.INTENSITY: PixelMeaning.INTENSITY,
    pb.LINE_INTEGRAL: PixelMeaning.LINE_INTEGRAL,
    pb.DISPLAY: PixelMeaning.DISPLAY,
}
_POLICIES = {pb.LATEST: "latest", pb.REJECT: "reject"}
_MOTIONS: dict[int, Literal["still", "moving"]] = {pb.STILL: "still", pb.MOVING: "moving"}


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
    return check_rigid(np.reshape(numbers, (4, 4)), name)


def placed_value(message: pb.Camera) -> SessionCamera:
    """Return a camera with its place, or raise GeometryError."""
    place = pose_value(message.camera_from_world, "camera_from_world")
    return SessionCamera(camera_value(message), place, message.case[:80] if message.HasField("case") else None)


def object_value(message: pb.Object) -> ObjectStart:
    """Return an object's start, or raise GeometryError."""
    return ObjectStart(message.case[:80], pose_value(message.initial_pose, "initial_pose"))


def settings_value(message: pb.SessionSettings) -> SessionSettings:
    """Return a session's settings, or raise InputError."""
    if message.HasField("camera") == bool(message.cameras):
        raise InputError(f"expected camera, or cameras, got {'both' if message.cameras else 'neither'}")
    given = _named(message.cameras) if message.cameras else {ONLY_CAMERA: message.camera}
    return _settings(message, {name: placed_value(camera) for name, camera in given.items()})


def register_value(message: pb.RegisterRequest) -> tuple[SessionSettings, list[EncodedFrame]]:
    """Return the settings of a session for one instant, and its frames, or raise InputError."""
    if not message.views:
        return settings_value(message.settings), [frame_value(message.frame)]
    if message.HasField("frame") or message.settings.HasField("camera") or message.settings.cameras:
        raise InputError("expected a camera and a frame in each of views, got one beside them")
    views = {view.name or str(n): view for n, view in enumerate(message.views)}
    if len(views) < len(message.views):
        raise SameCameraError(f"expected each camera once, got {len(message.views)} views of {', '.join(views)}")
    cameras = {name: placed_value(view.camera) for name, view in views.items()}
    frames = [replace(frame_value(view.frame), camera=name) for name, view in views.items()]
    return _settings(message.settings, cameras), frames


def change_value(message: pb.Restart) -> Change:
    """Return a change of a session, or raise InputError."""
    cameras: dict[str | None, SessionCamera] = {}
    if message.HasField("camera"):
        cameras[None] = placed_value(message.camera)
    cameras |= {name: placed_value(camera) for name, camera in _named(message.cameras).items()}
    return Change(
        cameras,
        message.case if message.HasField("case") else None,
        pose_value(message.initial_pose, "initial_pose"),
        tuple(object_value(one) for one in message.add),
        tuple(message.remove),
    )


def _settings(message: pb.SessionSettings, cameras: dict[str, SessionCamera]) -> SessionSettings:
    limit_ms = message.max_frame_age_ms if message.HasField("max_frame_age_ms") else None
    if limit_ms is not None and not (np.isfinite(limit_ms) and limit_ms > 0):
        raise InputError(f"expected max_frame_age_ms above 0, got {limit_ms}")
    if message.pixel_meaning not in _MEANINGS or message.policy not in _POLICIES:
        raise InputError(f"expected a known pixel_meaning and policy, got {message.pixel_meaning}, {message.policy}")
    if bool(message.cases) == bool(message.case) or (message.cases and message.initial_pose):
        raise InputError("expected a case, or cases with their own initial_pose each, got both or neither")
    alone = ObjectStart(message.case[:80], pose_value(message.initial_pose, "initial_pose"))
    return SessionSettings(
        tuple(object_value(one) for one in message.cases) or (alone,),
        cameras,
        _MEANINGS[message.pixel_meaning],
        message.inverted,
        limit_ms,
        _POLICIES[message.policy],
        message.pairing_tolerance_ms if message.HasField("pairing_tolerance_ms") else PAIRING_TOLERANCE_MS,
        _smoothing(message.smoothing) if message.HasField("smoothing") else None,
    )


def _named(messages: Iterable[pb.NamedCamera]) -> dict[str, pb.Camera]:
    given = [(one.name, one.camera) for one in messages]
    cameras = dict(given)
    if len(cameras) < len(given):
        raise SameCameraError(f"expected each camera once, got {len(given)} of the names {', '.join(cameras)}")
    return cameras


def _smoothing(message: pb.Smoothing) -> Smoothing:
    if message.object not in _MOTIONS or not 0 < message.window_s <= MAX_WINDOW_S:
        raise InputError(
            f"expected a window_s above 0 and at most {MAX_WINDOW_S:g}, and an object still or moving, got "
            f"{message.window_s} and {message.object}"
        )
    return Smoothing(message.window_s, _MOTIONS[message.object])


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
        message.camera if message.HasField("camera") else None,
        _place(message),
    )


def _place(message: pb.Frame) -> Mat44 | None:
    if not message.HasField("c_arm"):
        return pose_value(message.camera_from_world, "camera_from_world")
    if message.camera_from_world:
        raise InputError("expected camera_from_world or c_arm, got both")
    arm = message.c_arm
    return c_arm_camera_from_world(arm.primary_deg, arm.secondary_deg, arm.source_to_isocenter_mm)
