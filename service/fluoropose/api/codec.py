"""Between the wire and values: bodies to frames, results to models. No transport here."""

import base64
import binascii
from datetime import datetime
from typing import Any

from numpy.typing import NDArray
from pydantic import ValidationError

from fluoropose.api.schemas import FrameMeta, ResultModel, SessionModel
from fluoropose.errors import FrameError, InputError
from fluoropose.geometry.camera import Camera
from fluoropose.io.frames import decode_frame, guess_media_type, raw_frame
from fluoropose.runtime.engine import Registration
from fluoropose.tracking.session import Session

__all__ = ["captured_seconds", "frame_from_base64", "frame_from_body", "frame_meta", "result_model", "session_model"]

MEDIA_TYPES = ("application/x-npy", "image/png", "application/dicom", "application/octet-stream")


def frame_meta(header: str | None) -> FrameMeta:
    """Return the header X-Frame-Meta, empty where there is none, or raise FrameError."""
    if not header:
        return FrameMeta()
    try:
        return FrameMeta.model_validate_json(header)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "X-Frame-Meta"
        raise FrameError(f"expected a valid X-Frame-Meta header, got {place}: {first['msg']}") from error


def frame_from_body(body: bytes, media_type: str, meta: FrameMeta, camera: Camera) -> NDArray[Any]:
    """Return the pixels of a frame's body, or raise FrameError."""
    if media_type == "application/octet-stream":
        return raw_frame(body, meta.dtype, meta.rows or camera.rows, meta.columns or camera.columns)
    return decode_frame(body, media_type)


def frame_from_base64(text: str) -> NDArray[Any]:
    """Return the pixels of a base64 npy, PNG or DICOM file, or raise FrameError."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FrameError(f"expected the frame as base64, got: {error}") from error
    return decode_frame(data, guess_media_type(data))


def captured_seconds(meta: FrameMeta) -> float | None:
    """Return the capture time as Unix seconds: a number is taken as such, a string as ISO 8601."""
    if meta.captured_at is None or isinstance(meta.captured_at, float):
        return meta.captured_at
    try:
        return datetime.fromisoformat(meta.captured_at).timestamp()
    except ValueError as error:
        raise InputError(f"expected captured_at as Unix seconds or ISO 8601, got {meta.captured_at[:40]!r}") from error


def result_model(found: Registration, seq: int, case: str, model: str, device: str, dropped: int) -> ResultModel:
    """Return a registration as the API answers it."""
    judgement = found.judgement
    return ResultModel.model_validate(
        {
            "seq": seq,
            "status": judgement.status.value,
            "camera_from_volume": found.camera_from_volume.tolist(),
            "confidence": judgement.confidence,
            "error_estimate": {
                "in_plane_mm": judgement.error_estimate.in_plane_mm,
                "depth_mm": judgement.error_estimate.depth_mm,
                "rotation_deg": judgement.error_estimate.rotation_deg,
            },
            "timing_ms": {stage: round(value, 3) for stage, value in found.timing_ms.items()},
            "dropped_since_last": dropped,
            "case": case,
            "model": model,
            "device": device,
        }
    )


def session_model(session: Session) -> SessionModel:
    """Return a session as the API shows it."""
    pose = session.last_pose
    return SessionModel(
        session=session.name,
        case=session.settings.case,
        state=session.state.value,
        policy=session.settings.policy,
        last_seq=session.last_seq if session.last_seq >= 0 else None,
        last_status=session.last_status.value if session.last_status else None,
        last_pose=None if pose is None else pose.tolist(),
        counters=dict(session.counters),
    )
