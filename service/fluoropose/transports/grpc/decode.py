"""From gRPC's messages to the requests and frames of `serving.requests`. Only presence and lengths are checked here."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np

from fluoropose.errors import GeometryError, InputError
from fluoropose.geometry.field_mask import FieldMask, field_mask_from
from fluoropose.geometry.tolerance import CameraTolerance
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.serving.camera_request import CameraRequest, CamerasRequest, CArmRequest, NamedCamera
from fluoropose.serving.frame_request import FrameHeader, FrameRules, SmoothingRequest
from fluoropose.serving.messages import RAW_MEDIA_TYPE, EncodedFrame
from fluoropose.serving.requests import (
    ChangeRequest,
    ObjectRequest,
    ObjectsRequest,
    OpeningRequest,
    RegistrationRequest,
    ViewRequest,
)
from fluoropose.tracking.session_settings import PAIRING_TOLERANCE_MS
from fluoropose.transports.grpc import fluoropose_pb2 as pb

__all__ = ["decode_camera", "decode_change", "decode_frame", "decode_registration", "decode_session"]

_MEANINGS = {
    pb.INTENSITY: PixelMeaning.INTENSITY,
    pb.LINE_INTEGRAL: PixelMeaning.LINE_INTEGRAL,
    pb.DISPLAY: PixelMeaning.DISPLAY,
}
_POLICIES: dict[int, Literal["latest", "reject"]] = {pb.LATEST: "latest", pb.REJECT: "reject"}
_MOTIONS: dict[int, Literal["still", "moving"]] = {pb.STILL: "still", pb.MOVING: "moving"}
_SHOWN = 80
"""So many characters of a name are kept: more than a name may have, few enough to quote in an error."""


def decode_camera(message: pb.Camera) -> CameraRequest:
    """Return a camera with its place, or raise GeometryError."""
    middle = tuple(message.principal_point_px)
    if len(middle) not in (0, 2):
        raise GeometryError(f"expected principal_point_px as [u, v] or not at all, got {len(middle)} numbers")
    return CameraRequest(
        int(message.rows),
        int(message.columns),
        message.row_spacing_mm if message.HasField("row_spacing_mm") else None,
        message.column_spacing_mm if message.HasField("column_spacing_mm") else None,
        message.source_to_detector_mm if message.HasField("source_to_detector_mm") else None,
        (middle[0], middle[1]) if middle else None,
        _matrix(message.intrinsic_matrix, 3, "intrinsic_matrix"),
        _matrix(message.camera_from_world, 4, "camera_from_world"),
        message.case[:_SHOWN] if message.HasField("case") else None,
        _decode_tolerance(message.tolerance) if message.HasField("tolerance") else None,
        _decode_mask(message.mask) if message.HasField("mask") else None,
    )


def decode_session(message: pb.SessionSettings) -> OpeningRequest:
    """Return what a session is opened with, or raise InputError."""
    return OpeningRequest(_decode_objects(message), _decode_cameras(message), _decode_rules(message))


def decode_change(message: pb.Restart) -> ChangeRequest:
    """Return how a session is to be changed, or raise InputError."""
    return ChangeRequest(
        tuple(_decode_object(one) for one in message.add),
        tuple(message.remove),
        message.case if message.HasField("case") else None,
        _matrix(message.initial_pose, 4, "initial_pose"),
        decode_camera(message.camera) if message.HasField("camera") else None,
        _decode_named(message.cameras),
        frozenset(message.include.parts) if message.HasField("include") else None,
    )


def decode_registration(message: pb.RegisterRequest) -> RegistrationRequest:
    """Return a one-shot registration, or raise InputError."""
    settings = message.settings
    alone = settings.HasField("camera") or bool(settings.cameras) or not message.views
    return RegistrationRequest(
        _decode_objects(settings),
        _decode_cameras(settings) if alone else None,
        _frame_or_none(message),
        [_decode_view(view) for view in message.views] or None,
        _decode_rules(settings),
    )


def decode_frame(message: pb.Frame) -> EncodedFrame:
    """Return a frame, not decoded yet, or raise InputError."""
    header = FrameHeader(
        message.dtype or None,
        message.rows or None,
        message.columns or None,
        int(message.seq) if message.HasField("seq") else None,
        message.captured_at if message.HasField("captured_at") else None,
        message.camera if message.HasField("camera") else None,
        _matrix(message.camera_from_world, 4, "camera_from_world"),
        _decode_c_arm(message.c_arm) if message.HasField("c_arm") else None,
    )
    return header.frame(message.data, message.media_type or RAW_MEDIA_TYPE)


def _decode_tolerance(message: pb.Tolerance) -> CameraTolerance:
    return CameraTolerance(message.focal_percent, message.principal_point_px)


def _decode_mask(message: pb.Mask) -> FieldMask:
    return field_mask_from(
        tuple(message.circle_px) or None, _in_parts(message.polygon_px, 2), _in_parts(message.hidden_px, 4)
    )


def _in_parts(numbers: Sequence[float], size: int) -> list[tuple[float, ...]]:
    """Return numbers in parts of a size; the last one may be shorter, and is refused by what takes it."""
    return [tuple(numbers[first : first + size]) for first in range(0, len(numbers), size)]


def _decode_c_arm(message: pb.CArm) -> CArmRequest:
    return CArmRequest(message.primary_deg, message.secondary_deg, message.source_to_isocenter_mm)


def _decode_object(message: pb.Object) -> ObjectRequest:
    return ObjectRequest(message.case[:_SHOWN], _matrix(message.initial_pose, 4, "initial_pose"))


def _decode_objects(message: pb.SessionSettings) -> ObjectsRequest:
    return ObjectsRequest(
        message.case[:_SHOWN] or None,
        _matrix(message.initial_pose, 4, "initial_pose"),
        [_decode_object(one) for one in message.cases] or None,
    )


def _decode_cameras(message: pb.SessionSettings) -> CamerasRequest:
    camera = decode_camera(message.camera) if message.HasField("camera") else None
    return CamerasRequest(camera, _decode_named(message.cameras) or None)


def _decode_named(messages: Iterable[pb.NamedCamera]) -> list[NamedCamera]:
    return [(one.name, decode_camera(one.camera)) for one in messages]


def _decode_rules(message: pb.SessionSettings) -> FrameRules:
    if message.pixel_meaning not in _MEANINGS or message.policy not in _POLICIES:
        raise InputError(f"expected a known pixel_meaning and policy, got {message.pixel_meaning}, {message.policy}")
    return FrameRules(
        _MEANINGS[message.pixel_meaning],
        message.inverted,
        message.max_frame_age_ms if message.HasField("max_frame_age_ms") else None,
        _POLICIES[message.policy],
        message.pairing_tolerance_ms if message.HasField("pairing_tolerance_ms") else PAIRING_TOLERANCE_MS,
        _decode_smoothing(message.smoothing) if message.HasField("smoothing") else None,
        frozenset(message.include),
    )


def _decode_smoothing(message: pb.Smoothing) -> SmoothingRequest:
    if message.object not in _MOTIONS:
        raise InputError(f"expected an object that is still or moving, got {message.object}")
    return SmoothingRequest(message.window_s, _MOTIONS[message.object])


def _decode_view(message: pb.View) -> ViewRequest:
    return ViewRequest(decode_camera(message.camera), _frame_or_none(message), message.name or None)


def _frame_or_none(message: pb.View | pb.RegisterRequest) -> EncodedFrame | None:
    return decode_frame(message.frame) if message.HasField("frame") else None


def _matrix(numbers: Sequence[float], side: int, name: str) -> Any:
    """Return numbers as a square matrix, None for none, or raise GeometryError for another count."""
    if not numbers:
        return None
    if len(numbers) != side * side:
        raise GeometryError(f"expected {name} as {side * side} numbers, row by row, got {len(numbers)}")
    return np.reshape(numbers, (side, side))
