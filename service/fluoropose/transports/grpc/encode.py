"""From results and events to gRPC's messages: the numbers of HTTP and WebSocket."""

import numpy as np

from fluoropose.arrays import Float64
from fluoropose.errors import FluoroposeError
from fluoropose.registration.assessment import ErrorEstimate, Status
from fluoropose.serving.events import Event, GoingAway, Pong, StreamEnd
from fluoropose.serving.messages import OUTLINE_DECIMALS, FrameResult, ObjectResult, SmoothedPose
from fluoropose.transports.grpc import fluoropose_pb2 as pb

__all__ = ["encode_event", "encode_result"]


def encode_result(result: FrameResult) -> pb.Result:
    """Return a result as it goes over the wire."""
    first, several = _encode_object(result.first), len(result.objects) + len(result.searching) > 1
    return pb.Result(
        seq=result.seq,
        status=first.status,
        camera_from_volume=first.camera_from_volume,
        confidence=first.confidence,
        error_estimate=first.error_estimate,
        timing_ms={stage: round(value, 3) for stage, value in result.timing_ms.items()},
        age_ms=round(result.age_ms, 3),
        dropped_since_last=result.dropped,
        case=first.case,
        model=first.model,
        device=result.device,
        camera=result.camera,
        views=result.views,
        views_left_out=result.left_out,
        world_from_volume=first.world_from_volume,
        smoothed=first.smoothed if first.HasField("smoothed") else None,
        objects=[_encode_object(one) for one in result.objects] if several else [],
        searching=result.searching,
        reason=first.reason if first.HasField("reason") else None,
        visible_fraction=first.visible_fraction,
        reason_text=first.reason_text if first.HasField("reason_text") else None,
        outline=first.outline,
        covariance=first.covariance,
    )


def _encode_object(found: ObjectResult) -> pb.Found:
    """Return an object's part of a result; a LOST one has no pose."""
    registration = found.registration
    assessment = registration.assessment
    is_lost = assessment.status is Status.LOST
    return pb.Found(
        case=found.case,
        model=found.model,
        status=assessment.status.value,
        confidence=assessment.confidence,
        camera_from_volume=_numbers(None if is_lost else found.camera_from_volume),
        world_from_volume=_numbers(None if is_lost else registration.world_from_volume),
        error_estimate=_encode_estimate(found.error_estimate),
        smoothed=None if found.smoothed is None else _encode_smoothed(found.smoothed),
        reason=registration.reason or None,
        reason_text=registration.reason_text or None,
        visible_fraction=registration.visible_fraction,
        outline=[_encode_polygon(polygon) for polygon in found.outline or ()],
        covariance=_numbers(found.covariance),
    )


def _encode_polygon(polygon: Float64) -> pb.Polygon:
    return pb.Polygon(pixels=_numbers(np.round(polygon, OUTLINE_DECIMALS)))


def _encode_smoothed(smoothed: SmoothedPose) -> pb.Smoothed:
    return pb.Smoothed(
        world_from_volume=_numbers(smoothed.world_from_volume),
        camera_from_volume=_numbers(smoothed.camera_from_volume),
        error_estimate=_encode_estimate(smoothed.error_estimate),
        frames=smoothed.frames,
    )


def _encode_estimate(estimate: ErrorEstimate) -> pb.ErrorEstimate:
    return pb.ErrorEstimate(
        in_plane_mm=estimate.in_plane_mm, depth_mm=estimate.depth_mm, rotation_deg=estimate.rotation_deg
    )


def _numbers(matrix: Float64 | None) -> list[float]:
    return [] if matrix is None else [float(number) for number in matrix.ravel()]


def encode_event(event: Event) -> pb.ServerMessage:
    """Return a stream's event as a message."""
    if isinstance(event, FrameResult):
        return pb.ServerMessage(result=encode_result(event))
    if isinstance(event, GoingAway):
        pose = _numbers(event.last_pose)
        return pb.ServerMessage(going_away=pb.GoingAway(reconnect_after_ms=event.reconnect_after_ms, last_pose=pose))
    if isinstance(event, Pong):
        return pb.ServerMessage(pong=pb.Pong(client_time=event.client_time, server_time=event.server_time))
    if isinstance(event, StreamEnd):
        return pb.ServerMessage(ended=pb.Ended(reason=event.reason))
    return pb.ServerMessage(problem=_encode_problem(event.seq, event.error))


def _encode_problem(seq: int | None, error: FluoroposeError) -> pb.Problem:
    return pb.Problem(seq=None if seq is None or seq < 0 else seq, code=error.code, detail=str(error))
