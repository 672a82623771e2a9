"""From results, sessions and events to HTTP's and WebSocket's JSON: the numbers of gRPC."""

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
from pydantic_core import to_json

from fluoropose.arrays import Float64
from fluoropose.registration.assessment import ErrorEstimate, Status
from fluoropose.serving.events import Event, GoingAway, Pong, StreamEnd
from fluoropose.serving.messages import OUTLINE_DECIMALS, FrameResult, ObjectResult, SmoothedPose
from fluoropose.serving.session_description import SessionDescription, TrackDescription
from fluoropose.transports.http.errors import problem_body
from fluoropose.transports.http.schemas import (
    PROMISED_FIELDS,
    ErrorEstimateModel,
    FoundModel,
    ResultModel,
    SessionModel,
    SmoothedModel,
    TrackModel,
)

__all__ = ["encode_answer", "encode_body", "encode_event", "encode_outline", "encode_result", "encode_session"]


def encode_result(result: FrameResult) -> ResultModel:
    """Return a result as HTTP answers it."""
    several = len(result.objects) + len(result.searching) > 1
    return ResultModel(
        **_encode_object(result.first),
        seq=result.seq,
        timing_ms={stage: round(value, 3) for stage, value in result.timing_ms.items()},
        age_ms=round(result.age_ms, 3),
        dropped_since_last=result.dropped,
        device=result.device,
        camera=result.camera,
        views=list(result.views),
        views_left_out=result.left_out,
        objects=[FoundModel(**_encode_object(one)) for one in result.objects] if several else None,
        searching=list(result.searching) or None,
    )


def encode_answer(result: FrameResult) -> bytes:
    """Return a result as JSON; a number that is not finite becomes null."""
    return _as_json(encode_body(result))


def _as_json(body: dict[str, Any]) -> bytes:
    return to_json(body, inf_nan_mode="null")


def encode_body(result: FrameResult) -> dict[str, Any]:
    """Return a result as plain values: parts that nobody asked for are left out, promised ones are null without one."""
    body = encode_result(result).model_dump(exclude_none=True)
    for part in (body, *body.get("objects", ())):
        for name in PROMISED_FIELDS:
            part.setdefault(name, None)
    return body


def _encode_object(found: ObjectResult) -> dict[str, Any]:
    """Return the fields of an object's part of a result; a LOST one has no pose."""
    registration, smoothed = found.registration, found.smoothed
    assessment = registration.assessment
    is_lost = assessment.status is Status.LOST
    return {
        "case": found.case,
        "model": found.model,
        "status": assessment.status.value,
        "confidence": assessment.confidence,
        "camera_from_volume": None if is_lost else found.camera_from_volume.tolist(),
        "world_from_volume": None if is_lost else registration.world_from_volume.tolist(),
        "error_estimate": _encode_estimate(found.error_estimate),
        "visible_fraction": registration.visible_fraction,
        "reason": registration.reason or None,
        "reason_text": registration.reason_text or None,
        "smoothed": None if smoothed is None else _encode_smoothed(smoothed),
        "outline": None if found.outline is None else encode_outline(found.outline),
        "covariance": None if found.covariance is None else found.covariance.tolist(),
    }


def encode_outline(polygons: Iterable[Float64]) -> list[list[list[float]]]:
    """Return an outline's polygons as lists of [column, row], to a hundredth of a pixel."""
    return [np.round(polygon, OUTLINE_DECIMALS).tolist() for polygon in polygons]


def _encode_smoothed(smoothed: SmoothedPose) -> SmoothedModel:
    return SmoothedModel(
        world_from_volume=smoothed.world_from_volume.tolist(),
        camera_from_volume=smoothed.camera_from_volume.tolist(),
        error_estimate=_encode_estimate(smoothed.error_estimate),
        frames=smoothed.frames,
    )


def _encode_estimate(estimate: ErrorEstimate) -> ErrorEstimateModel:
    return ErrorEstimateModel(
        in_plane_mm=estimate.in_plane_mm, depth_mm=estimate.depth_mm, rotation_deg=estimate.rotation_deg
    )


def encode_session(session: SessionDescription) -> SessionModel:
    """Return a session as HTTP shows it; the main fields are those of its first object."""
    tracks = [_encode_track(track) for track in session.tracks]
    return SessionModel(
        session=session.name,
        case=tracks[0].case,
        state=tracks[0].state,
        policy=session.policy,
        last_seq=session.last_seq,
        last_status=tracks[0].last_status,
        last_pose=tracks[0].last_pose,
        counters=dict(session.counters),
        dropped=dict(session.dropped),
        cameras=list(session.cameras),
        objects=tracks,
    )


def encode_event(event: Event) -> str:
    """Return a stream's event as the text of a WebSocket message."""
    if isinstance(event, FrameResult):
        return _as_json({"type": "result", **encode_body(event)}).decode()
    if isinstance(event, GoingAway):
        pose = None if event.last_pose is None else event.last_pose.tolist()
        return json.dumps({"type": "going_away", "reconnect_after_ms": event.reconnect_after_ms, "last_pose": pose})
    if isinstance(event, Pong):
        return json.dumps({"type": "pong", "client_time": event.client_time, "server_time": event.server_time})
    if isinstance(event, StreamEnd):
        return json.dumps({"type": "ended", "reason": event.reason})
    return json.dumps({**problem_body(event.error), "type": "problem", "seq": event.seq})


def _encode_track(track: TrackDescription) -> TrackModel:
    return TrackModel(
        case=track.case,
        state=track.state.value,
        last_status=track.last_status.value if track.last_status else None,
        last_pose=None if track.last_pose is None else track.last_pose.tolist(),
    )
