"""What the answer at hand shows of how far its errors can be trusted, and its covariance with that. Lengths in mm."""

from collections.abc import Sequence

import numpy as np

from fluoropose.geometry.rigid import transform
from fluoropose.geometry.rotation import ray_axes
from fluoropose.imaging.grain import noise_whiteness
from fluoropose.registration.assessment import world_covariance
from fluoropose.registration.error_inflation import Evidence, inflated_covariance, inflations_for
from fluoropose.registration.prepared_view import PreparedView
from fluoropose.registration.regression.residual import align_view
from fluoropose.registration.result import (
    AssessedPose,
    FrameView,
    JudgedErrors,
    ObjectEstimate,
    Registration,
    registration_from,
    tolerance_of,
)
from fluoropose.registration.view_agreement import sharpness_in_frame

__all__ = ["gather_evidence", "judge_errors", "judged_registration"]

_LEAST = ("likeness", "contrast", "sharpness", "visible", "matched", "presence", "half_mm", "whiteness")
_MOST = ("clipped", "pixel_mm", "range_mm", "views")


def judge_errors(views: Sequence[PreparedView], estimate: ObjectEstimate) -> JudgedErrors:
    """Return the evidence of an estimate in its views, and the covariance (6, 6) of its error in the world.

    Axes are those of the ray from the first view that has a part in it.
    """
    evidence, used = gather_evidence(views, estimate), _used(views, estimate)
    first = views[used[0]]
    centre = transform(first.camera_from_volume(estimate.world_from_volume), first.atlas.view.centre_mm)
    ray_from_world = ray_axes(centre) @ first.calibrated.camera_from_world[:3, :3]
    if len(used) == 1:
        raw = world_covariance(estimate.poses[used[0]].estimate, first.calibrated, ray_from_world)
    else:
        raw = np.asarray(np.linalg.inv(estimate.information))
    return JudgedErrors(evidence, raw, inflated_covariance(raw, evidence, ray_from_world, inflations_for(evidence)))


def judged_registration(
    prepared: Sequence[PreparedView],
    views: Sequence[FrameView],
    estimate: ObjectEstimate,
    *,
    searched: bool,
    preprocess_ns: int,
    found_ns: int,
    before_ns: int,
) -> Registration:
    """Return an estimate of an object in views, which were `prepared`, as a registration with its errors.

    It was there at `found_ns` by the case's clock; what was spent since then is counted with the errors. All the time
    that was spent before that is `before_ns`.
    """
    from_tolerance = tolerance_of(views, estimate, prepared[0].atlas.view.centre_mm)
    judged = judge_errors(prepared, estimate)
    judge_ns = prepared[0].resident.clock() - found_ns
    return registration_from(
        [view.name for view in prepared],
        estimate,
        preprocess_ns=preprocess_ns,
        judge_ns=judge_ns,
        total_ns=before_ns + judge_ns,
        searched=searched,
        from_tolerance=from_tolerance,
        judged=judged,
    )


def gather_evidence(views: Sequence[PreparedView], estimate: ObjectEstimate) -> Evidence:
    """Return the evidence of an estimate in its views."""
    used = _used(views, estimate)
    found = [_evidence_in(views[n], estimate.poses[n], len(used)) for n in used]
    return found[0] if len(found) == 1 else _worst(found)


def _used(views: Sequence[PreparedView], estimate: ObjectEstimate) -> list[int]:
    """Return the numbers of the views that have a part in an estimate; where none has, of all."""
    return [n for n, reason in enumerate(estimate.reasons) if not reason] or list(range(len(views)))


def _evidence_in(view: PreparedView, pose: AssessedPose, count: int) -> Evidence:
    alignment = align_view(pose.estimate.camera_from_volume, view.camera, view.atlas)
    edges = sharpness_in_frame(view.image, alignment, view.atlas, view.hidden)
    canonical, assessment = view.atlas.view, pose.assessment
    return Evidence(
        likeness=pose.similarity,
        contrast=edges.contrast,
        sharpness=edges.sharpness,
        visible=assessment.visible_fraction,
        matched=assessment.matched_fraction,
        clipped=view.saturated,
        whiteness=noise_whiteness(view.image),
        presence=float(pose.estimate.regression.presence[0]),
        pixel_mm=canonical.field_mm / canonical.size_px,
        half_mm=0.5 * view.resident.case.size_mm,
        range_mm=canonical.range_mm,
        views=count,
    )


def _worst(found: Sequence[Evidence]) -> Evidence:
    least = {name: min(getattr(one, name) for one in found) for name in _LEAST}
    most = {name: max(getattr(one, name) for one in found) for name in _MOST}
    return Evidence(**least, **most)
