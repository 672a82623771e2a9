"""From HTTP's and WebSocket's messages to the requests and frames of `serving.requests`."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from fluoropose.arrays import Mat44
from fluoropose.errors import FrameError, GeometryError, InputError
from fluoropose.geometry.rigid import check_rigid
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.serving.camera_request import CameraRequest, CamerasRequest, NamedCamera
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
from fluoropose.transports.http.errors import validation_text
from fluoropose.transports.http.request_schemas import (
    FrameMeta,
    ObjectModel,
    ObjectsModel,
    PlacedCameraModel,
    RegisterRequest,
    RenderRequest,
    SessionChange,
    SessionRequest,
)

__all__ = [
    "MAX_HEADER_BYTES",
    "MAX_JSON_VALUES",
    "decode_base64_frame",
    "decode_camera",
    "decode_change",
    "decode_frame",
    "decode_frame_message",
    "decode_header",
    "decode_json",
    "decode_meta",
    "decode_registration",
    "decode_render_pose",
    "decode_session",
]

MAX_JSON_VALUES = 20_000
"""The largest request has some hundred numbers."""

_BASE64_PART = 2**20
"""Characters of base64 that are decoded at a time, a multiple of four: other threads have their turn between them."""

MAX_HEADER_BYTES = 4096
"""The longest JSON header of a frame in a stream's message."""

Model = TypeVar("Model", bound=BaseModel)


def decode_json(model: type[Model], text: str | bytes) -> Model:
    """Return JSON as a model, or raise InputError naming the fields.

    Its values are counted before any is made: a body of nothing but brackets would take a gigabyte.
    """
    values = _count_values(text)
    if values > MAX_JSON_VALUES:
        raise InputError(f"expected JSON of at most {MAX_JSON_VALUES} values, got {values}")
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise InputError(validation_text(error.errors())) from error


def _count_values(text: str | bytes) -> int:
    """Return a number that is at least that of the values, and more where strings hold commas and brackets."""
    if isinstance(text, str):
        return sum(text.count(mark) for mark in (",", "[", "{"))
    return sum(text.count(mark) for mark in (b",", b"[", b"{"))


def decode_camera(model: PlacedCameraModel) -> CameraRequest:
    """Return a camera with its place, or raise GeometryError."""
    return CameraRequest(**model.request_fields(PlacedCameraModel))


def decode_session(model: SessionRequest) -> OpeningRequest:
    """Return what a session is opened with, or raise InputError."""
    camera = None if model.camera is None else decode_camera(model.camera)
    cameras = None if model.cameras is None else _decode_named(model.cameras)
    smoothing = model.smoothing
    rules = FrameRules(
        PixelMeaning(model.pixel_meaning),
        model.inverted,
        model.max_frame_age_ms,
        model.policy,
        model.pairing.tolerance_ms,
        None if smoothing is None else SmoothingRequest(smoothing.window_s, smoothing.object),
        frozenset(model.include),
    )
    return OpeningRequest(_decode_objects(model), CamerasRequest(camera, cameras), rules)


def decode_change(model: SessionChange) -> ChangeRequest:
    """Return how a session is to be changed, or raise InputError."""
    return ChangeRequest(
        tuple(_decode_object(one) for one in model.add),
        tuple(model.remove),
        model.case,
        model.initial_pose,
        None if model.camera is None else decode_camera(model.camera),
        _decode_named(model.cameras or {}),
        None if model.include is None else frozenset(model.include),
    )


def decode_registration(model: RegisterRequest, files: Sequence[bytes] = ()) -> RegistrationRequest:
    """Return a one-shot registration whose frames are a form's files, or base64 in the request; or raise InputError."""
    if files and len(files) != (1 if model.views is None else len(model.views)):
        raise FrameError(f"expected a file of each of {len(model.views or [0])} views, got {len(files)}")
    objects = _decode_objects(model)
    rules = FrameRules(PixelMeaning(model.pixel_meaning), model.inverted, include=frozenset(model.include))
    header = FrameHeader(seq=model.seq)
    cameras = None if model.camera is None else CamerasRequest(decode_camera(model.camera))
    alone = files[0] if files and model.views is None else _bytes_or_none(model.frame)
    frame = None if alone is None else header.frame(alone)
    return RegistrationRequest(objects, cameras, frame, _decode_views(model, header, files), rules)


def decode_meta(text: str | None) -> FrameMeta:
    """Return the JSON of the header X-Frame-Meta, empty where there is none, or raise FrameError."""
    try:
        return FrameMeta.model_validate_json(text or "{}")
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "X-Frame-Meta"
        raise FrameError(f"expected a valid X-Frame-Meta header, got {place}: {first['msg']}") from error


def decode_header(meta: FrameMeta) -> FrameHeader:
    """Return what the header X-Frame-Meta says of a frame.

    Raises
    ------
    FrameError, InputError, GeometryError
        If the header breaks a rule; if its time is none; if its place is none.
    """
    captured_s = _captured_s(meta)
    arm = None if meta.c_arm is None else meta.c_arm.value()
    try:
        return FrameHeader(
            meta.dtype, meta.rows, meta.columns, meta.seq, captured_s, meta.camera, meta.camera_from_world, arm
        )
    except GeometryError:
        raise
    except InputError as error:
        raise FrameError(f"expected a valid X-Frame-Meta header, got one that breaks a rule: {error}") from error


def decode_frame(body: bytes, media_type: str, header: str | None) -> EncodedFrame:
    """Return the frame of a request's body with what its header X-Frame-Meta says, or raise as `decode_header`."""
    return decode_header(decode_meta(header)).frame(body, media_type)


def decode_frame_message(message: bytes) -> EncodedFrame:
    """Return the frame of a stream's binary message: length of the header (4 bytes, little-endian), header, body.

    Raises
    ------
    FrameError, InputError, GeometryError
        If the message is too short for its header, or as `decode_header`.
    """
    length = int.from_bytes(message[:4], "little")
    if len(message) < 4 or length > MAX_HEADER_BYTES or len(message) < 4 + length:
        raise FrameError(
            f"expected 4 bytes of header length, at most {MAX_HEADER_BYTES}, and the header, got {len(message)} bytes"
        )
    try:
        text = message[4 : 4 + length].decode("utf-8")
    except UnicodeDecodeError as error:
        raise FrameError(f"expected a header in UTF-8, got: {error.reason}") from error
    meta = decode_meta(text)
    return decode_header(meta).frame(message[4 + length :], meta.media_type or RAW_MEDIA_TYPE)


def decode_base64_frame(text: str) -> bytes:
    """Return the bytes of a base64 npy, PNG or DICOM file, or raise FrameError."""
    try:
        if len(text) <= _BASE64_PART:
            return base64.b64decode(text, validate=True)
        parts = [text[at : at + _BASE64_PART] for at in range(0, len(text), _BASE64_PART)]
        if any(part.endswith("=") for part in parts[:-1]):
            raise FrameError("expected the frame as base64, got padding before its end")
        return b"".join(base64.b64decode(part, validate=True) for part in parts)
    except (binascii.Error, ValueError) as error:
        raise FrameError(f"expected the frame as base64, got: {error}") from error


def decode_render_pose(model: RenderRequest) -> Mat44:
    """Return camera_from_volume, given under either name, or raise GeometryError."""
    given = model.camera_from_volume if model.camera_from_volume is not None else model.pose
    return check_rigid(given, "camera_from_volume")


def _decode_object(model: ObjectModel) -> ObjectRequest:
    return ObjectRequest(model.case, model.initial_pose)


def _decode_objects(model: ObjectsModel) -> ObjectsRequest:
    cases = None if model.cases is None else [_decode_object(one) for one in model.cases]
    return ObjectsRequest(model.case, model.initial_pose, cases)


def _decode_named(models: Mapping[str, PlacedCameraModel]) -> list[NamedCamera]:
    return [(name, decode_camera(one)) for name, one in models.items()]


def _decode_views(model: RegisterRequest, header: FrameHeader, files: Sequence[bytes]) -> list[ViewRequest] | None:
    if model.views is None:
        return None
    given: Sequence[bytes | None] = files or [_bytes_or_none(view.frame) for view in model.views]
    frames = [None if data is None else header.frame(data) for data in given]
    return [
        ViewRequest(decode_camera(view.camera), frame, view.name)
        for view, frame in zip(model.views, frames, strict=True)
    ]


def _bytes_or_none(text: str | None) -> bytes | None:
    return None if text is None else decode_base64_frame(text)


def _captured_s(meta: FrameMeta) -> float | None:
    """Return the capture time as Unix seconds: a number is taken as such, a string as ISO 8601."""
    if meta.captured_at is None or isinstance(meta.captured_at, float):
        return meta.captured_at
    try:
        return datetime.fromisoformat(meta.captured_at).timestamp()
    except ValueError as error:
        raise InputError(f"expected captured_at as Unix seconds or ISO 8601, got {meta.captured_at[:40]!r}") from error
