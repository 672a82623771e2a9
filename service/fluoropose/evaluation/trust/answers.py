"""What the service says of a run of the stress set. mm and degrees."""

from dataclasses import asdict, replace
from typing import Any

from numpy.typing import NDArray

from fluoropose.arrays import Mat44
from fluoropose.drr.view_cache import ViewCache
from fluoropose.errors import InputError
from fluoropose.evaluation.frame_registration import register_frame
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.evaluation.trust.axis_errors import axis_errors
from fluoropose.evaluation.trust.pictures import Draw
from fluoropose.evaluation.trust.records import TrustRecord
from fluoropose.evaluation.trust.runs import TrustGroup, TrustRun
from fluoropose.evaluation.trust.subjects import Subject
from fluoropose.evaluation.trust.usual_groups import TRACKED_FPS
from fluoropose.registration.plan import Plan
from fluoropose.registration.result import Registration
from fluoropose.tracking.tracker import Tracker

__all__ = ["answer_run"]

_AHEAD_S = 60.0


def answer_run(group: TrustGroup, draw: Draw) -> list[TrustRecord]:
    """Make the run of a draw, register its frames in turn, and return one record for each.

    A frame that the service refuses as input has the status `REFUSED`, with the error's code as its reason.
    """
    run, subject = group.make(draw), draw.subject
    empty = TrustRecord(
        group.name, subject.name, draw.number, 0, group.family, draw.renderer, run.condition, False, 1.0,
        subject.size_mm, "", "", 0.0, 0.0, (),
    )  # fmt: skip
    tracker = Tracker(run.start, subject.case.atlas.view.centre_mm)
    records = []
    for step, (pixels, truth, visible) in enumerate(zip(run.frames, run.truths, run.visible, strict=True)):
        plan = tracker.plan(step / TRACKED_FPS)
        here = replace(empty, step=step, visible=visible, possible=truth is not None)
        try:
            found = _register(subject, pixels, run, plan)
        except InputError as error:
            records.append(replace(here, status="REFUSED", reason=error.code))
            continue
        tracker.receive(found.world_from_volume, found.assessment.status, step / TRACKED_FPS, plan)
        records.append(_record(here, run, truth, found, subject))
    return records


def _register(subject: Subject, pixels: NDArray[Any], run: TrustRun, plan: Plan) -> Registration:
    """Register a frame once the views that the last one asked for are there: their absence is not what is measured."""
    atlas = subject.resident.atlas
    if plan.nearby and isinstance(atlas, ViewCache):
        atlas.wait_until_ahead(_AHEAD_S)
    return register_frame(subject.resident, pixels, run.camera, plan, tolerance=run.tolerance)


def _record(
    here: TrustRecord, run: TrustRun, truth: Mat44 | None, found: Registration, subject: Subject
) -> TrustRecord:
    """Return what was said and, where a pose is right, by how much it is off."""
    stated = found.error_estimate
    said = replace(
        here,
        status=found.status,
        reason=found.assessment.reason,
        confidence=found.confidence,
        likeness=found.likeness,
        evidence=asdict(found.evidence),
        stated=(stated.in_plane_mm, stated.depth_mm, stated.rotation_deg),
    )
    if truth is None:
        return said
    pose, corners = found.camera_from_volume, subject.case.corners_mm
    start = run.start if here.step == 0 else None
    errors = axis_errors(pose, truth, found.judged.raw, subject.case.atlas.view.centre_mm)
    return replace(
        said,
        start_mm=None if start is None else pose_error(start, truth, corners).mtre_proj_mm,
        mtre_proj_mm=pose_error(pose, truth, corners).mtre_proj_mm,
        offset_mm=errors.offset_mm,
        turn_deg=errors.turn_deg,
        sigmas=errors.sigmas,
        camera_errors=errors.camera_errors,
    )
