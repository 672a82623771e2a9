"""Between the wire and values: bodies to frames, results to models. No transport here."""

import base64
import binascii
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from fluoropose.errors import FrameError, InputError
from fluoropose.registration.assessment import ErrorEstimate
from fluoropose.serving.messages import EncodedFrame, FrameResult, ObjectResult, SmoothedPose
from fluoropose.tracking.session import Session
from fluoropose.tracking.tracked_object import TrackedObject
from fluoropose.transports.http.requests import FrameMeta
from fluoropose.transports.http.schemas import (
    ErrorEstimateModel,
    FoundModel,
    ResultModel,
    SessionModel,
    SmoothedModel,
    TrackModel,
)

__all__ = [
    "KEY_OF_SCOPE",
    "MEDIA_TYPES",
    "captured_seconds",
    "encoded_frame",
    "frame_from_base64",
    "frame_meta",
    "owner_of",
    "result_model",
    "session_model",
]

KEY_OF_SCOPE = "fluoropose.key"
"""Where the door leaves the id of the key in a request's scope."""

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


def encoded_frame(body: bytes, media_type: str, meta: FrameMeta) -> EncodedFrame:
    """Return a frame's bytes with what its header says, or raise InputError for a time or place that is none."""
    return EncodedFrame(
        body,
        media_type,
        meta.dtype,
        meta.rows,
        meta.columns,
        meta.seq,
        captured_seconds(meta),
        meta.camera,
        meta.place(),
    )


def frame_from_base64(text: str) -> bytes:
    """Return the bytes of a base64 npy, PNG or DICOM file, or raise FrameError."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FrameError(f"expected the frame as base64, got: {error}") from error


def captured_seconds(meta: FrameMeta) -> float | None:
    """Return the capture time as Unix seconds: a number is taken as such, a string as ISO 8601."""
    if meta.captured_at is None or isinstance(meta.captured_at, float):
        return meta.captured_at
    try:
        return datetime.fromisoformat(meta.captured_at).timestamp()
    except ValueError as error:
        raise InputError(f"expected captured_at as Unix seconds or ISO 8601, got {meta.captured_at[:40]!r}") from error


def result_model(result: FrameResult) -> ResultModel:
    """Return a result as the API answers it."""
    several = len(result.objects) + len(result.searching) > 1
    return ResultModel(
        **_found(result.first),
        seq=result.seq,
        timing_ms={stage: round(value, 3) for stage, value in result.timing_ms.items()},
        age_ms=round(result.age_ms, 3),
        dropped_since_last=result.dropped,
        device=result.device,
        camera=result.camera,
        views=list(result.views),
        views_left_out=result.left_out,
        objects=[FoundModel(**_found(one)) for one in result.objects] if several else None,
        searching=list(result.searching) or None,
    )


def _found(found: ObjectResult) -> dict[str, Any]:
    """Return the fields of an object's part of a result."""
    assessment, smoothed = found.registration.assessment, found.smoothed
    return {
        "case": found.case,
        "model": found.model,
        "status": assessment.status.value,
        "confidence": assessment.confidence,
        "camera_from_volume": found.camera_from_volume.tolist(),
        "world_from_volume": found.registration.world_from_volume.tolist(),
        "error_estimate": _estimate(found.error_estimate),
        "smoothed": None if smoothed is None else _smoothed(smoothed),
    }


def _smoothed(smoothed: SmoothedPose) -> SmoothedModel:
    return SmoothedModel(
        world_from_volume=smoothed.world_from_volume.tolist(),
        camera_from_volume=smoothed.camera_from_volume.tolist(),
        error_estimate=_estimate(smoothed.error_estimate),
        frames=smoothed.frames,
    )


def _estimate(estimate: ErrorEstimate) -> ErrorEstimateModel:
    return ErrorEstimateModel(
        in_plane_mm=estimate.in_plane_mm, depth_mm=estimate.depth_mm, rotation_deg=estimate.rotation_deg
    )


def session_model(session: Session, lock: AbstractContextManager[Any]) -> SessionModel:
    """Return a session as the API shows it; `lock` keeps others from it meanwhile."""
    with lock:
        return _shown(session)


def _shown(session: Session) -> SessionModel:
    tracks = [_track(followed) for followed in session.objects.values()]
    return SessionModel(
        session=session.name,
        case=tracks[0].case,
        state=tracks[0].state,
        policy=session.settings.policy,
        last_seq=session.last_seq if session.last_seq >= 0 else None,
        last_status=tracks[0].last_status,
        last_pose=tracks[0].last_pose,
        counters={"received": 0, "answered": 0, **session.counters, "in_flight": session.in_flight},
        dropped=dict(session.dropped),
        cameras=list(session.settings.cameras),
        objects=tracks,
    )


def _track(followed: TrackedObject) -> TrackModel:
    tracker = followed.tracker
    return TrackModel(
        case=followed.case,
        state=tracker.state.value,
        last_status=tracker.last_status.value if tracker.last_status else None,
        last_pose=None if tracker.last_pose is None else tracker.last_pose.tolist(),
    )


def owner_of(scope: MutableMapping[str, Any]) -> str:
    """Return the id of the key that a request came with, empty where there are no keys."""
    return str(scope.get(KEY_OF_SCOPE, ""))
