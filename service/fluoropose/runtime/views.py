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
from fluoropose.pehl.fusion import moved_by
from fluoropose.pehl.hierarchy import TRACKING_SCHEDULE, Finding, Schedule
from fluoropose.pehl.joint import JointFinding, Sight, aligned_jointly, register_jointly
from fluoropose.pehl.likeness import edge_likeness
from fluoropose.pehl.placing import best_places, shift_scores
from fluoropose.pehl.residual import Look
from fluoropose.pehl.step import Regression, normalised_homography, stacked_frames
from fluoropose.runtime.abreast import abreast
from fluoropose.runtime.answers import Answer, answer_of, registration_of
from fluoropose.runtime.ready import ReadyView, ready_views
from fluoropose.runtime.registration import Found, FrameView, Registration
from fluoropose.tracking.quality import SURE, judge, judge_jointly
from fluoropose.tracking.tracker import Plan

if TYPE_CHECKING:
    from fluoropose.runtime.engine import ResidentCase

__all__ = ["answered", "register_ready", "register_views"]

_CONTRADICTION = 9.5
"""Chi-square of a view's six residuals at the joint pose beyond which the views contradict each other.

Far below what six free normal errors would give: the floor under every view's errors (`pehl.joint`) is wide. On the
simulated pairs of docs/views.md right answers stay below 9; of those with a calibration wrong by 0.5 mm and degrees one
to three in a hundred do not. Frames of two different instants that both show the object begin at 9.8.
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
    prepared = ready_views(resident, views, meaning, inverted, {})
    return register_ready(prepared, plan, schedule, time.perf_counter_ns() - began)


def register_ready(prepared: Sequence[ReadyView], plan: Plan, schedule: Schedule, preprocess_ns: int) -> Registration:
    """Register prepared views as planned; `preprocess_ns` is the time that preparing them took."""
    ready = time.perf_counter_ns()
    answer = answered(prepared, plan, schedule)
    total_ns = time.perf_counter_ns() - ready + preprocess_ns
    return registration_of(prepared, answer, preprocess_ns, total_ns, searched=plan.start is None)


def answered(prepared: Sequence[ReadyView], plan: Plan, schedule: Schedule) -> Answer:
    """Find an object in prepared views as planned."""
    return _alone(prepared[0], plan, schedule) if len(prepared) == 1 else _together(prepared, plan, schedule)


def _alone(view: ReadyView, plan: Plan, schedule: Schedule) -> Answer:
    """Return what one view says, exactly as if there were no world."""
    start = None if plan.start is None else view.local(plan.start)
    plan = replace(plan, start=start)
    return answer_of(view, view.resident.find(view.image, view.sight.camera, plan, schedule, view.exposure))


def _together(views: Sequence[ReadyView], plan: Plan, schedule: Schedule) -> Answer:
    """Return the joint answer, or the best view's own where the joint one does not hold."""
    start = plan.start
    if start is None:
        start = _located(views)
    elif not plan.nearby:
        start = _placed(views, start)[0]
    answer = _joint(views, start, TRACKING_SCHEDULE if plan.nearby else schedule)
    given = start if plan.start is None else plan.start
    return answer if _holds(answer) else _rescued(views, answer, replace(plan, start=given), schedule)


def _holds(answer: Answer) -> bool:
    return not any(answer.why)


def _joint(views: Sequence[ReadyView], start: Mat44, schedule: Schedule) -> Answer:
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
    found = abreast([partial(_judged, view, one, pose) for view, one in zip(views, joint.views, strict=True)])
    found = [_with_times(item, refined - began, time.perf_counter_ns() - refined) for item in found]
    first = views[0].sight
    turn = first.camera_from_world[:3, :3]
    opinions = [item.judgement for item in found]
    judgement = judge_jointly(opinions, joint.information, joint.proposed, turn, first.atlas)
    return Answer(pose, judgement, joint.information, tuple(found), _reasons(found, joint))


def _judged(view: ReadyView, finding: Finding, world_from_volume: Mat44) -> Found:
    """Return what is to be thought of a joint pose in one view."""
    likeness = edge_likeness(view.image, view.sight.look(world_from_volume), view.sight.atlas)
    return Found(finding, judge(finding, likeness, view.sight.camera, view.sight.atlas), likeness)


def _with_times(found: Found, refine_ns: int, quality_ns: int) -> Found:
    """Return what was found, with further time spent on it."""
    spent = found.finding
    finding = replace(spent, refine_ns=spent.refine_ns + refine_ns, quality_ns=spent.quality_ns + quality_ns)
    return replace(found, finding=finding)


def _reasons(found: Sequence[Found], joint: JointFinding) -> tuple[str, ...]:
    """Return for each view why it does not hold at the joint answer; "" where it does."""
    reasons = []
    for item, disagreement in zip(found, joint.disagreements, strict=True):
        why = ""
        if item.judgement.confidence < SURE:
            presence = float(item.finding.regression.presence[0])
            why = f"the object is not seen there: presence {presence:.2f}, likeness of edges {item.likeness:.2f}"
        elif disagreement > _CONTRADICTION:
            why = (
                f"it contradicts the other views: chi-square {disagreement:.1f}, at most {_CONTRADICTION:.1f} expected"
            )
        reasons.append(why)
    return tuple(reasons)


def _rescued(views: Sequence[ReadyView], joint: Answer, plan: Plan, schedule: Schedule) -> Answer:
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
    if plan.nearby and alone[best].judgement.confidence >= SURE:
        return _single(views, best, alone, joint)
    for start in _placed(views, alone[best].world_from_volume, _PLACES):
        again = _joint(views, start, schedule)
        if _holds(again):
            return again
    return _single(views, best, alone, joint)


def _best(alone: dict[int, Answer]) -> int:
    """Return the first of the views that are about as sure as the surest."""
    most = max(answer.judgement.confidence for answer in alone.values())
    return min(n for n, answer in alone.items() if answer.judgement.confidence >= _AS_SURE * most)


def _single(views: Sequence[ReadyView], best: int, alone: dict[int, Answer], joint: Answer) -> Answer:
    """Return one view's own answer; the others say why they have no part in it."""
    answer = alone[best]
    reasons = [why or joint.why[best] for why in joint.why]
    for n, other in alone.items():
        if n != best and other.judgement.confidence >= SURE:
            gap = ray_gap_mm(_ray(views[n], other), _ray(views[best], answer))
            reasons[n] = f"it contradicts {views[best].name!r}: the rays to the object pass each other by {gap:.1f} mm"
    return _spread(views, {best: answer.found[0]}, answer, replace(joint, why=tuple(reasons)))


def _spread(views: Sequence[ReadyView], kept: dict[int, Found], answer: Answer, joint: Answer) -> Answer:
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


def _ray(view: ReadyView, answer: Answer) -> tuple[Float64, Float64]:
    """Return source and direction, in the world, of the ray to the object's centre as a view alone sees it."""
    world_from_camera = inverse(view.sight.camera_from_world)
    centre = transform(answer.world_from_volume, view.sight.atlas.view.centre_mm)
    direction = centre - world_from_camera[:3, 3]
    return world_from_camera[:3, 3], direction / np.linalg.norm(direction)


def _placed(views: Sequence[ReadyView], start: Mat44, count: int = 1) -> list[Mat44]:
    """Return a start moved to where all views' pictures agree on the object: the likeliest places."""
    looks = [view.sight.look(start) for view in views]
    scores = abreast(
        [partial(shift_scores, view.image, look, view.sight.atlas) for view, look in zip(views, looks, strict=True)]
    )
    atlas = views[0].sight.atlas
    shifts = best_places(scores, looks, [view.sight.camera_from_world for view in views], atlas, count)
    return [moved_by(start, np.concatenate([shift, np.zeros(3)]), atlas) for shift in shifts]


def _located(views: Sequence[ReadyView]) -> Mat44:
    """Return the surest of what a search of each whole frame finds."""
    found = [view.resident.anywhere(view.image, view.sight.camera, view.exposure) for view in views]
    best = max(range(len(views)), key=lambda n: found[n].judgement.confidence)
    return views[best].world(found[best].finding.camera_from_volume)


class _Batches:
    """Puts the views' frames on the devices, then runs each step of all views of a case in one batch."""

    def __init__(self, views: Sequence[ReadyView]) -> None:
        self.views = views
        self.groups: list[tuple[ResidentCase, list[int], tuple[int, int]]] = []
        for resident in dict.fromkeys(view.resident for view in views):
            numbers = [n for n, view in enumerate(views) if view.resident is resident]
            frames = stacked_frames([views[n].image for n in numbers])
            resident.stepper.put_frames(frames)
            self.groups.append((resident, numbers, (frames.shape[1], frames.shape[2])))

    def __call__(self, stage: str, sights: Sequence[Sight], looks: Sequence[Look]) -> Regression:
        """Return the views' regressions in their order."""
        steps = []
        for resident, numbers, shape in self.groups:
            homographies = [normalised_homography(looks[n].frame_from_canonical_px, *shape) for n in numbers]
            indices = np.array([looks[n].view_indices for n in numbers])
            step = partial(resident.stepper.step, stage, np.stack(homographies), indices, np.arange(len(numbers)))
            steps.append(step)
        parts = abreast(steps)
        if len(parts) == 1:
            return parts[0]
        back = np.argsort([n for _, numbers, _ in self.groups for n in numbers])
        return Regression(
            *(
                np.concatenate([getattr(part, name) for part in parts])[back]
                for name in ("residuals", "sigmas", "information", "presence")
            )
        )
