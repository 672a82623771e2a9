"""Several views of one instant to one estimate: solve them jointly, and leave out a view that spoils the answer.

The views go through the networks in one batch a step. If a view does not show the object where the joint estimate has
it, or the views contradict each other, the best view's own estimate counts, as if that view had come alone, and the
others are marked with the reason. Lengths in mm, times in ns unless named otherwise.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from fluoropose.arrays import Float64, Mat44
from fluoropose.geometry.rig import ray_gap_mm
from fluoropose.geometry.rigid import apply_twist, inverse, transform
from fluoropose.geometry.rotation import angle_between
from fluoropose.imaging.sampling import normalised_homography, stack_frames
from fluoropose.parallel import run_parallel
from fluoropose.registration.assessment import SURE, assess_doubtful, assess_in_frame, assess_jointly
from fluoropose.registration.initialization.multi_view_search import best_places, shift_scores
from fluoropose.registration.multi_view_solver import (
    CalibratedView,
    JointEstimate,
    refine_jointly,
    regress_jointly,
)
from fluoropose.registration.plan import Plan
from fluoropose.registration.prepared_view import PreparedView
from fluoropose.registration.reasons import VIEW_LEFT_OUT, VIEWS_CONTRADICT
from fluoropose.registration.regression.residual import ViewAlignment
from fluoropose.registration.regression.schedule import TRACKING_SCHEDULE, PoseEstimate, Schedule
from fluoropose.registration.regression.step import Regression
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import AssessedPose, ObjectEstimate

__all__ = ["JOINT", "JointSettings", "OneViewSteps", "estimate_views"]


@dataclass(frozen=True, slots=True)
class JointSettings:
    """When views are believed together.

    `contradiction` is the chi-square of a view's six residuals at the joint pose beyond which the views contradict each
    other. It is far below what six free normal errors would give, because the floor under every view's errors
    (`regression.residual`) is wide. On the simulated pairs of docs/measured right answers stay below 9;
    of those with a calibration wrong by 0.5 mm and degrees one to three in a hundred do not. Frames of two different
    instants that both show the object begin at 9.8.

    Of views that contradict each other the first counts, unless another one is surer than the share `as_sure` tells.
    `places` is how many places along the best view's ray are tried before a joint estimate is given up.
    """

    contradiction: float = 9.5
    as_sure: float = 0.9
    places: int = 3


JOINT = JointSettings()

_CONTRADICTS = "it contradicts"
"""How the reason of a view begins that shows the object elsewhere."""


@dataclass(frozen=True, slots=True)
class OneViewSteps:
    """What is done with one view alone (`registration.pipeline`): follow a plan, or search the whole frame."""

    estimate: Callable[[PreparedView, Plan, Schedule], ObjectEstimate]
    search: Callable[[PreparedView], AssessedPose]


def estimate_views(
    views: Sequence[PreparedView],
    plan: Plan,
    schedule: Schedule,
    one_view: OneViewSteps,
    settings: JointSettings = JOINT,
) -> ObjectEstimate:
    """Return the joint estimate, or the best view's own where the joint one does not hold."""
    solver = _JointSolver(views, schedule, one_view, settings)
    start = plan.start
    if start is None:
        start = solver.search()
    elif not plan.nearby:
        start = _likely_places(views, start)[0]
    joint = solver.solve(views, start, TRACKING_SCHEDULE if plan.nearby else schedule)
    given = start if plan.start is None else plan.start
    return joint if _holds(joint) else _say_left_out(views, solver.rescue(joint, replace(plan, start=given)))


def _say_left_out(views: Sequence[PreparedView], estimate: ObjectEstimate) -> ObjectEstimate:
    """Return an estimate that is no sure one if a view has no part in it, with the views' reasons."""
    left_out = {view.name: why for view, why in zip(views, estimate.reasons, strict=True) if why}
    if not left_out:
        return estimate
    contradicts = any(why.startswith(_CONTRADICTS) for why in left_out.values())
    text = "; ".join(f"{name!r} has no part in the answer: {why}" for name, why in left_out.items())
    doubted = assess_doubtful(estimate.assessment, VIEWS_CONTRADICT if contradicts else VIEW_LEFT_OUT, text)
    return replace(estimate, assessment=doubted)


def _holds(estimate: ObjectEstimate) -> bool:
    """Tell whether every view has a part in an estimate."""
    return not any(estimate.reasons)


@dataclass(frozen=True, slots=True, eq=False)
class _JointSolver:
    """The views of one instant, the schedule of rough starts, and what is done with one view alone."""

    views: Sequence[PreparedView]
    schedule: Schedule
    one_view: OneViewSteps
    settings: JointSettings

    def search(self) -> Mat44:
        """Return the surest of what a search of each whole frame finds."""
        found = [self.one_view.search(view) for view in self.views]
        best = max(range(len(self.views)), key=lambda n: found[n].assessment.confidence)
        return self.views[best].world_from_volume(found[best].estimate.camera_from_volume)

    def solve(self, views: Sequence[PreparedView], start: Mat44, schedule: Schedule) -> ObjectEstimate:
        """Solve views from a start and assess the end in each."""
        clock = views[0].resident.clock
        calibrated = [view.calibrated for view in views]
        with ExitStack() as held:
            for resident in sorted({view.resident for view in views}, key=id):
                held.enter_context(resident.lock)
            joint = regress_jointly(_BatchedViews(views), calibrated, start, schedule, clock)
        began = clock()
        joint = refine_jointly(
            [view.image for view in views], calibrated, joint, unused=[view.unused for view in views]
        )
        refined, pose = clock(), joint.world_from_volume
        poses = run_parallel(
            [partial(_assess_in_view, view, one, pose) for view, one in zip(views, joint.views, strict=True)]
        )
        poses = [_with_times(item, refined - began, clock() - refined) for item in poses]
        first = calibrated[0]
        assessment = assess_jointly(
            [item.assessment for item in poses],
            joint.information,
            joint.proposed,
            first.camera_from_world[:3, :3],
            first.atlas,
        )
        reasons = _reasons(poses, joint, self.settings)
        return ObjectEstimate(pose, assessment, joint.information, tuple(poses), reasons)

    def rescue(self, joint: ObjectEstimate, plan: Plan) -> ObjectEstimate:
        """Leave the doubted views out; if that leaves one view, solve jointly again from that view's own estimate.

        Near the last frame's pose that second try is spared: a view that is good alone is the answer, and the other is
        covered or gone.
        """
        kept = [n for n, reason in enumerate(joint.reasons) if not reason]
        if len(kept) > 1 and plan.start is not None:
            rest = [self.views[n] for n in kept]
            start = plan.start if plan.nearby else _likely_places(rest, plan.start)[0]
            again = self.solve(rest, start, TRACKING_SCHEDULE if plan.nearby else self.schedule)
            if _holds(again):
                return _for_all_views(self.views, dict(zip(kept, again.poses, strict=True)), again, joint)
        # All of them, the doubted ones too: a wrong view that shows the object may have drawn the joint pose to itself.
        alone = {n: self.one_view.estimate(view, plan, self.schedule) for n, view in enumerate(self.views)}
        best = _best_of(alone, self.settings)
        if plan.nearby and alone[best].assessment.confidence >= SURE:
            return _single(self.views, best, alone, joint)
        for start in _likely_places(self.views, alone[best].world_from_volume, self.settings.places):
            again = self.solve(self.views, start, self.schedule)
            if _holds(again):
                return again
        return _single(self.views, best, alone, joint)


def _assess_in_view(view: PreparedView, estimate: PoseEstimate, world_from_volume: Mat44) -> AssessedPose:
    """Return what is to be thought of a joint pose in one view."""
    alignment = view.calibrated.align(world_from_volume)
    assessment, similarity = assess_in_frame(
        view.image, estimate, alignment, view.camera, view.atlas, hidden=view.hidden
    )
    return AssessedPose(estimate, assessment, similarity)


def _with_times(pose: AssessedPose, refine_ns: int, quality_ns: int) -> AssessedPose:
    """Return an assessed pose with further time spent on it."""
    spent = pose.estimate
    estimate = replace(spent, refine_ns=spent.refine_ns + refine_ns, quality_ns=spent.quality_ns + quality_ns)
    return replace(pose, estimate=estimate)


def _reasons(poses: Sequence[AssessedPose], joint: JointEstimate, settings: JointSettings) -> tuple[str, ...]:
    """Return for each view why it does not hold at the joint estimate; "" where it does."""
    reasons = []
    for item, disagreement in zip(poses, joint.disagreements, strict=True):
        reason = ""
        if item.assessment.confidence < SURE:
            presence = float(item.estimate.regression.presence[0])
            reason = f"the object is not seen there: presence {presence:.2f}, likeness of edges {item.similarity:.2f}"
        elif disagreement > settings.contradiction:
            reason = (
                f"{_CONTRADICTS} the other views: chi-square {disagreement:.1f}, at most {settings.contradiction:.1f} "
                "expected"
            )
        reasons.append(reason)
    return tuple(reasons)


def _best_of(alone: dict[int, ObjectEstimate], settings: JointSettings) -> int:
    """Return the first of the views that are about as sure as the surest."""
    most = max(estimate.assessment.confidence for estimate in alone.values())
    return min(n for n, one in alone.items() if one.assessment.confidence >= settings.as_sure * most)


def _single(
    views: Sequence[PreparedView], best: int, alone: dict[int, ObjectEstimate], joint: ObjectEstimate
) -> ObjectEstimate:
    """Return one view's own estimate; the others say why they have no part in it."""
    estimate = alone[best]
    reasons = [reason or joint.reasons[best] for reason in joint.reasons]
    for n, other in alone.items():
        if n != best and other.assessment.confidence >= SURE:
            gap = ray_gap_mm(_ray(views[n], other), _ray(views[best], estimate))
            turned = np.rad2deg(angle_between(other.world_from_volume[:3, :3], estimate.world_from_volume[:3, :3]))
            reasons[n] = (
                f"{_CONTRADICTS} {views[best].name!r}: alone it finds the object turned by {turned:.1f} degrees from "
                f"there, and the rays to it pass each other by {gap:.1f} mm"
            )
    return _for_all_views(views, {best: estimate.poses[0]}, estimate, replace(joint, reasons=tuple(reasons)))


def _for_all_views(
    views: Sequence[PreparedView], kept: dict[int, AssessedPose], estimate: ObjectEstimate, joint: ObjectEstimate
) -> ObjectEstimate:
    """Return an estimate that some views made, for all of them: the others were assessed at the joint one."""
    poses, reasons = [], []
    for n, view in enumerate(views):
        if n in kept:
            poses.append(kept[n])
            reasons.append("")
            continue
        here = view.camera_from_volume(estimate.world_from_volume)
        poses.append(replace(joint.poses[n], estimate=replace(joint.poses[n].estimate, camera_from_volume=here)))
        reasons.append(joint.reasons[n])
    return replace(estimate, poses=tuple(poses), reasons=tuple(reasons))


def _ray(view: PreparedView, estimate: ObjectEstimate) -> tuple[Float64, Float64]:
    """Return source and direction, in the world, of the ray to the object's centre as a view alone sees it."""
    world_from_camera = inverse(view.calibrated.camera_from_world)
    centre = transform(estimate.world_from_volume, view.atlas.view.centre_mm)
    direction = centre - world_from_camera[:3, 3]
    return world_from_camera[:3, 3], direction / np.linalg.norm(direction)


def _likely_places(views: Sequence[PreparedView], start: Mat44, count: int = 1) -> list[Mat44]:
    """Return a start moved to where all views' pictures agree on the object: the likeliest places."""
    alignments = [view.calibrated.align(start) for view in views]
    scores = run_parallel(
        [
            partial(shift_scores, view.image, alignment, view.atlas)
            for view, alignment in zip(views, alignments, strict=True)
        ]
    )
    places = [view.calibrated.camera_from_world for view in views]
    shifts = best_places(scores, alignments, places, views[0].atlas, count)
    return [apply_twist(start, np.concatenate([shift, np.zeros(3)]), views[0].atlas.view.centre_mm) for shift in shifts]


class _BatchedViews:
    """Puts the views' frames on the devices, then runs each step of all views of a case in one batch."""

    def __init__(self, views: Sequence[PreparedView]) -> None:
        self._groups: list[tuple[ResidentCase, list[int], tuple[int, int]]] = []
        for resident in dict.fromkeys(view.resident for view in views):
            numbers = [n for n, view in enumerate(views) if view.resident is resident]
            frames = stack_frames([views[n].image for n in numbers])
            resident.stepper.put_frames(frames)
            self._groups.append((resident, numbers, (frames.shape[1], frames.shape[2])))

    def __call__(
        self, network: str, views: Sequence[CalibratedView], alignments: Sequence[ViewAlignment]
    ) -> Regression:
        """Return the views' regressions in their order."""
        steps = []
        for resident, numbers, shape in self._groups:
            homographies = [normalised_homography(alignments[n].frame_from_canonical_px, *shape) for n in numbers]
            indices = np.array([alignments[n].view_indices for n in numbers])
            steps.append(
                partial(resident.stepper.step, network, np.stack(homographies), indices, np.arange(len(numbers)))
            )
        parts = run_parallel(steps)
        if len(parts) == 1:
            return parts[0]
        back = np.argsort([n for _, numbers, _ in self._groups for n in numbers])
        return Regression(
            *(
                np.concatenate([getattr(part, name) for part in parts])[back]
                for name in ("residuals", "sigmas", "information", "presence")
            )
        )
