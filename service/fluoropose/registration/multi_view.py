"""Views of one instant to one answer: prepare the frames, solve jointly, and leave out a view that spoils it.

All views' looks go through the networks in one batch. If a view does not show the object where the joint answer has it,
or the views contradict each other, the best view's own answer counts, as if it had come alone, and the others are
marked with the reason. Lengths in mm, times in ns unless named otherwise.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from fluoropose.arrays import Float64, Mat44
from fluoropose.geometry.rig import ray_gap_mm
from fluoropose.geometry.rigid import inverse, transform
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.parallel import run_parallel
from fluoropose.registration.assessment import SURE, assess, assess_jointly
from fluoropose.registration.edge_similarity import edge_similarity
from fluoropose.registration.initialization.multi_view_search import best_places, shift_scores
from fluoropose.registration.multi_view_equations import apply_twist
from fluoropose.registration.multi_view_solver import CalibratedView, JointFinding, aligned_jointly, register_jointly
from fluoropose.registration.object_estimate import ObjectEstimate, answer_of, registration_of
from fluoropose.registration.plan import Plan
from fluoropose.registration.prepared_view import PreparedView, prepare_views
from fluoropose.registration.regression.residual import ViewAlignment
from fluoropose.registration.regression.schedule import TRACKING_SCHEDULE, PoseEstimate, Schedule
from fluoropose.registration.regression.step import Regression, normalised_homography, stack_frames
from fluoropose.registration.result import AssessedPose, FrameView, Registration

if TYPE_CHECKING:
    from fluoropose.registration.resident_case import ResidentCase

__all__ = ["answered", "register_ready", "register_views"]

_CONTRADICTION = 9.5
"""Chi-square of a view's six residuals at the joint pose beyond which the views contradict each other.

Far below what six free normal errors would give: the floor under every view's errors
(`registration.multi_view_solver`) is wide. On the simulated pairs of docs/measured/two-views.md right answers stay
below 9; of those with a calibration wrong by 0.5 mm and degrees one to three in a hundred do not. Frames of two
different instants that both show the object begin at 9.8.
"""

_AS_SURE = 0.9
"""Of views that contradict each other the first counts, unless another one is surer than this share tells."""

_PLACES = 3
"""How many places along the best view's ray are tried before a joint answer is given up."""


def register_views(
    resident: "ResidentCase",
    views: Sequence[FrameView],
    meaning: PixelMeaning,
    inverted: bool,
    plan: Plan,
    schedule: Schedule,
) -> Registration:
    """Do what `ResidentCase.register_views` says."""
    began = time.perf_counter_ns()
    prepared = prepare_views(resident, views, meaning, inverted, {})
    return register_ready(prepared, plan, schedule, time.perf_counter_ns() - began)


def register_ready(
    prepared: Sequence[PreparedView], plan: Plan, schedule: Schedule, preprocess_ns: int
) -> Registration:
    """Register prepared views as planned; `preprocess_ns` is the time that preparing them took."""
    ready = time.perf_counter_ns()
    answer = answered(prepared, plan, schedule)
    total_ns = time.perf_counter_ns() - ready + preprocess_ns
    return registration_of(prepared, answer, preprocess_ns, total_ns, searched=plan.start is None)


def answered(prepared: Sequence[PreparedView], plan: Plan, schedule: Schedule) -> ObjectEstimate:
    """Find an object in prepared views as planned."""
    return _alone(prepared[0], plan, schedule) if len(prepared) == 1 else _together(prepared, plan, schedule)


def _alone(view: PreparedView, plan: Plan, schedule: Schedule) -> ObjectEstimate:
    """Return what one view says, exactly as if there were no world."""
    start = None if plan.start is None else view.local(plan.start)
    plan = replace(plan, start=start)
    return answer_of(view, view.resident.find(view.image, view.sight.camera, plan, schedule, view.exposure))


def _together(views: Sequence[PreparedView], plan: Plan, schedule: Schedule) -> ObjectEstimate:
    """Return the joint answer, or the best view's own where the joint one does not hold."""
    start = plan.start
    if start is None:
        start = _located(views)
    elif not plan.nearby:
        start = _placed(views, start)[0]
    answer = _joint(views, start, TRACKING_SCHEDULE if plan.nearby else schedule)
    given = start if plan.start is None else plan.start
    return answer if _holds(answer) else _rescued(views, answer, replace(plan, start=given), schedule)


def _holds(answer: ObjectEstimate) -> bool:
    return not any(answer.why)


def _joint(views: Sequence[PreparedView], start: Mat44, schedule: Schedule) -> ObjectEstimate:
    """Solve all views from a start and judge the end in each."""
    with ExitStack() as held:
        residents = sorted({view.resident for view in views}, key=id)
        for resident in residents:
            held.enter_context(resident.lock)
        regress = _Batches(views)
        joint = register_jointly(regress, [view.sight for view in views], start, schedule, time.perf_counter_ns)
    began = time.perf_counter_ns()
    joint = aligned_jointly([view.image for view in views], [view.sight for view in views], joint)
    refined, pose = time.perf_counter_ns(), joint.world_from_volume
    found = run_parallel([partial(_judged, view, one, pose) for view, one in zip(views, joint.views, strict=True)])
    found = [_with_times(item, refined - began, time.perf_counter_ns() - refined) for item in found]
    first = views[0].sight
    turn = first.camera_from_world[:3, :3]
    opinions = [item.assessment for item in found]
    assessment = assess_jointly(opinions, joint.information, joint.proposed, turn, first.atlas)
    return ObjectEstimate(pose, assessment, joint.information, tuple(found), _reasons(found, joint))


def _judged(view: PreparedView, finding: PoseEstimate, world_from_volume: Mat44) -> AssessedPose:
    """Return what is to be thought of a joint pose in one view."""
    likeness = edge_similarity(view.image, view.sight.align_view(world_from_volume), view.sight.atlas)
    return AssessedPose(finding, assess(finding, likeness, view.sight.camera, view.sight.atlas), likeness)


def _with_times(found: AssessedPose, refine_ns: int, quality_ns: int) -> AssessedPose:
    """Return what was found, with further time spent on it."""
    spent = found.finding
    finding = replace(spent, refine_ns=spent.refine_ns + refine_ns, quality_ns=spent.quality_ns + quality_ns)
    return replace(found, finding=finding)


def _reasons(found: Sequence[AssessedPose], joint: JointFinding) -> tuple[str, ...]:
    """Return for each view why it does not hold at the joint answer; "" where it does."""
    reasons = []
    for item, disagreement in zip(found, joint.disagreements, strict=True):
        why = ""
        if item.assessment.confidence < SURE:
            presence = float(item.finding.regression.presence[0])
            why = f"the object is not seen there: presence {presence:.2f}, likeness of edges {item.likeness:.2f}"
        elif disagreement > _CONTRADICTION:
            why = (
                f"it contradicts the other views: chi-square {disagreement:.1f}, at most {_CONTRADICTION:.1f} expected"
            )
        reasons.append(why)
    return tuple(reasons)


def _rescued(views: Sequence[PreparedView], joint: ObjectEstimate, plan: Plan, schedule: Schedule) -> ObjectEstimate:
    """Leave the doubted views out; if that leaves one view, try the joint solve again from its own answer.

    Near the last frame's pose that is spared: a view that is good alone is the answer, the other is covered or gone.
    """
    kept = [n for n, why in enumerate(joint.why) if not why]
    if len(kept) > 1 and plan.start is not None:
        rest = [views[n] for n in kept]
        start = plan.start if plan.nearby else _placed(rest, plan.start)[0]
        again = _joint(rest, start, TRACKING_SCHEDULE if plan.nearby else schedule)
        if _holds(again):
            return _spread(views, dict(zip(kept, again.found, strict=True)), again, joint)
    # All of them, the doubted ones too: a wrong view that shows the object may have drawn the joint pose to itself.
    alone = {n: _alone(view, plan, schedule) for n, view in enumerate(views)}
    best = _best(alone)
    if plan.nearby and alone[best].assessment.confidence >= SURE:
        return _single(views, best, alone, joint)
    for start in _placed(views, alone[best].world_from_volume, _PLACES):
        again = _joint(views, start, schedule)
        if _holds(again):
            return again
    return _single(views, best, alone, joint)


def _best(alone: dict[int, ObjectEstimate]) -> int:
    """Return the first of the views that are about as sure as the surest."""
    most = max(answer.assessment.confidence for answer in alone.values())
    return min(n for n, answer in alone.items() if answer.assessment.confidence >= _AS_SURE * most)


def _single(
    views: Sequence[PreparedView], best: int, alone: dict[int, ObjectEstimate], joint: ObjectEstimate
) -> ObjectEstimate:
    """Return one view's own answer; the others say why they have no part in it."""
    answer = alone[best]
    reasons = [why or joint.why[best] for why in joint.why]
    for n, other in alone.items():
        if n != best and other.assessment.confidence >= SURE:
            gap = ray_gap_mm(_ray(views[n], other), _ray(views[best], answer))
            reasons[n] = f"it contradicts {views[best].name!r}: the rays to the object pass each other by {gap:.1f} mm"
    return _spread(views, {best: answer.found[0]}, answer, replace(joint, why=tuple(reasons)))


def _spread(
    views: Sequence[PreparedView], kept: dict[int, AssessedPose], answer: ObjectEstimate, joint: ObjectEstimate
) -> ObjectEstimate:
    """Return an answer that some views made, for all of them: the others were judged at the joint one."""
    found, why = [], []
    for n, view in enumerate(views):
        if n in kept:
            found.append(kept[n])
            why.append("")
            continue
        finding = replace(joint.found[n].finding, camera_from_volume=view.local(answer.world_from_volume))
        found.append(replace(joint.found[n], finding=finding))
        why.append(joint.why[n])
    return replace(answer, found=tuple(found), why=tuple(why))


def _ray(view: PreparedView, answer: ObjectEstimate) -> tuple[Float64, Float64]:
    """Return source and direction, in the world, of the ray to the object's centre as a view alone sees it."""
    world_from_camera = inverse(view.sight.camera_from_world)
    centre = transform(answer.world_from_volume, view.sight.atlas.view.centre_mm)
    direction = centre - world_from_camera[:3, 3]
    return world_from_camera[:3, 3], direction / np.linalg.norm(direction)


def _placed(views: Sequence[PreparedView], start: Mat44, count: int = 1) -> list[Mat44]:
    """Return a start moved to where all views' pictures agree on the object: the likeliest places."""
    looks = [view.sight.align_view(start) for view in views]
    scores = run_parallel(
        [
            partial(shift_scores, view.image, align_view, view.sight.atlas)
            for view, align_view in zip(views, looks, strict=True)
        ]
    )
    atlas = views[0].sight.atlas
    shifts = best_places(scores, looks, [view.sight.camera_from_world for view in views], atlas, count)
    return [apply_twist(start, np.concatenate([shift, np.zeros(3)]), atlas) for shift in shifts]


def _located(views: Sequence[PreparedView]) -> Mat44:
    """Return the surest of what a search of each whole frame finds."""
    found = [view.resident.anywhere(view.image, view.sight.camera, view.exposure) for view in views]
    best = max(range(len(views)), key=lambda n: found[n].assessment.confidence)
    return views[best].world(found[best].finding.camera_from_volume)


class _Batches:
    """Puts the views' frames on the devices, then runs each step of all views of a case in one batch."""

    def __init__(self, views: Sequence[PreparedView]) -> None:
        self.views = views
        self.groups: list[tuple[ResidentCase, list[int], tuple[int, int]]] = []
        for resident in dict.fromkeys(view.resident for view in views):
            numbers = [n for n, view in enumerate(views) if view.resident is resident]
            frames = stack_frames([views[n].image for n in numbers])
            resident.stepper.put_frames(frames)
            self.groups.append((resident, numbers, (frames.shape[1], frames.shape[2])))

    def __call__(self, stage: str, sights: Sequence[CalibratedView], looks: Sequence[ViewAlignment]) -> Regression:
        """Return the views' regressions in their order."""
        steps = []
        for resident, numbers, shape in self.groups:
            homographies = [normalised_homography(looks[n].frame_from_canonical_px, *shape) for n in numbers]
            indices = np.array([looks[n].view_indices for n in numbers])
            step = partial(resident.stepper.step, stage, np.stack(homographies), indices, np.arange(len(numbers)))
            steps.append(step)
        parts = run_parallel(steps)
        if len(parts) == 1:
            return parts[0]
        back = np.argsort([n for _, numbers, _ in self.groups for n in numbers])
        return Regression(
            *(
                np.concatenate([getattr(part, name) for part in parts])[back]
                for name in ("residuals", "sigmas", "information", "presence")
            )
        )
