"""Several objects in one frame: prepared once, each registered in a picture without the others, side by side.

Line integrals add up, so what the others cast into the frame at the poses they are believed to have is taken out before
an object is looked for (`pehl.overlap`). First they are believed to be where they are planned to start. Where that
turns out to have left something of them in an object's picture, the object is looked for once more with them taken out
where they were surely found. An object depends on the poses of the round before only, so the answers are the same
however the threads run.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from fluoropose.arrays import Mat44
from fluoropose.errors import InputError
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.pehl.hierarchy import DEFAULT_SCHEDULE, TRACKING_SCHEDULE, Schedule, moved_between
from fluoropose.pehl.overlap import Overlap, disturbance, overlap_of
from fluoropose.pehl.shadow import Shadow, shadow_of
from fluoropose.runtime.abreast import abreast
from fluoropose.runtime.engine import FrameView, Registration, ResidentCase
from fluoropose.runtime.ready import Pictures, ReadyView, ready_views
from fluoropose.runtime.views import register_ready
from fluoropose.tracking.quality import SURE, Status, corner_error_mm, judge_among_others
from fluoropose.tracking.tracker import Plan

__all__ = ["register_objects"]

_STILL_SHARE, _STILL_DEPTH_SHARE, _STILL_RAD = 0.002, 0.005, 0.01
"""An object that was found nearer than this (shares of field and range, rad) to where it was believed to be has cast
what was taken out: a third of a canonical pixel."""

_DISTURBED = 0.2
"""An object is looked for once more if what the others cast proves to differ from what was taken out by derivatives of
more than this share of its own. Below it a second round changes no error on simulated frames."""

_LAST_TURN: Schedule = DEFAULT_SCHEDULE[-4:]
"""Once more for an object that was surely found: only its neighbours' shadows have moved."""


@dataclass(frozen=True, slots=True, eq=False)
class _Object:
    """One object of the frame: where it is believed to be (None: unknown), its plan, schedule and prepared views."""

    believed: Mat44 | None
    plan: Plan
    schedule: Schedule
    views: Sequence[ReadyView]


def register_objects(
    residents: Sequence[ResidentCase],
    views: Sequence[FrameView],
    meaning: PixelMeaning,
    inverted: bool,
    plans: Sequence[Plan],
    schedule: Schedule = DEFAULT_SCHEDULE,
) -> tuple[Registration, ...]:
    """Find several objects in the views of one instant, each as its plan says; one is as by `register_views`.

    A case may come twice: two plates of one kind. What becomes of one object is no matter to the others, but that they
    see what it casts; one that is searched for without a start casts nothing until it is found.

    Raises
    ------
    InputError
        If there is no object, not one plan per object, or a view has a case of its own.
    GeometryError
        As `ResidentCase.register_views`.
    """
    if not residents or len(residents) != len(plans):
        raise InputError(f"expected one plan per object and at least one, got {len(residents)} and {len(plans)}")
    if len(residents) == 1:
        return (residents[0].register_views(views, meaning, inverted, plans[0], schedule),)
    if any(view.resident is not None for view in views):
        raise InputError("expected views of several objects without a case of their own, got one with")
    began = time.perf_counter_ns()
    pictures: Pictures = {}
    objects = [
        _Object(plan.start, plan, schedule, ready_views(resident, views, meaning, inverted, pictures))
        for resident, plan in zip(_apart(residents), plans, strict=True)
    ]
    overlaps = _overlaps(objects)
    everyone = range(len(objects))
    alone = [not _neighbours(objects, overlaps, index) for index in everyone]
    tries = [item if by_itself else _first_try(item) for item, by_itself in zip(objects, alone, strict=True)]
    first = _side_by_side(tries, overlaps, everyone, time.perf_counter_ns() - began)
    began = time.perf_counter_ns()
    after, seen = _corrected(objects, overlaps, first)
    missed = [tried is not item and _missed(found) for item, tried, found in zip(objects, tries, first, strict=True)]
    again = [n for n in everyone if not alone[n] and (missed[n] or _is_disturbed(n, overlaps, seen))]
    second = _side_by_side(after, seen, again, time.perf_counter_ns() - began)
    answers = list(first)
    for index, found in zip(again, second, strict=True):
        answers[index] = _better(first[index], found)
    parts = zip(objects, answers, alone, strict=True)
    return tuple(found if by_itself else _among_others(item, found) for item, found, by_itself in parts)


def _apart(residents: Sequence[ResidentCase]) -> list[ResidentCase]:
    """Return the cases so that none comes twice, for each is held while it is looked for."""
    counts: dict[ResidentCase, int] = {}
    apart = []
    for resident in residents:
        number = counts[resident] = counts.get(resident, -1) + 1
        apart.append(resident.another(number))
    return apart


def _first_try(item: _Object) -> _Object:
    """Return an object as it goes into the first round: of a tracked one the long search is left for the second."""
    if not item.plan.nearby or len(item.views) > 1:
        return item
    return replace(item, plan=replace(item.plan, nearby=False), schedule=TRACKING_SCHEDULE)


def _corrected(
    objects: Sequence[_Object], overlaps: list[Overlap], first: Sequence[Registration]
) -> tuple[list[_Object], list[Overlap]]:
    """Return the objects with what is believed of them after the first round, and what they cast then."""
    after = [_after(item, found) for item, found in zip(objects, first, strict=True)]
    moved = any(_cast_elsewhere(item, found) for item, found in zip(objects, first, strict=True))
    return after, _overlaps(after) if moved else overlaps


def _is_disturbed(index: int, before: Sequence[Overlap], after: Sequence[Overlap]) -> bool:
    """Tell whether what the others cast has changed so much that an object should be looked for once more."""
    if before is after:
        return False
    return any(disturbance(one, other, index) > _DISTURBED for one, other in zip(before, after, strict=True))


def _overlaps(objects: Sequence[_Object]) -> list[Overlap]:
    """Return what the objects cast into each view where they are believed to be."""
    shadows = abreast([partial(_shadows, item) for item in objects])
    return [
        overlap_of(view.image, view.sight.camera, [of_one[number] for of_one in shadows])
        for number, view in enumerate(objects[0].views)
    ]


def _shadows(item: _Object) -> list[Shadow | None]:
    """Return an object's shadow in each view."""
    return [
        None if item.believed is None else shadow_of(view.local(item.believed), view.sight.atlas) for view in item.views
    ]


def _neighbours(objects: Sequence[_Object], overlaps: Sequence[Overlap], index: int) -> set[int]:
    """Return the objects that cast something where one looks; those not yet known count, since they may."""
    found = {n for n, item in enumerate(objects) if item.believed is None and n != index}
    for view, overlap in zip(objects[index].views, overlaps, strict=True):
        found |= set(overlap.neighbours(index, view.sight.camera))
    return found


def _side_by_side(
    objects: Sequence[_Object], overlaps: Sequence[Overlap], wanted: Sequence[int], preprocess_ns: int
) -> list[Registration]:
    """Register the wanted objects."""
    return abreast([partial(_register, objects[index], index, overlaps, preprocess_ns) for index in wanted])


def _register(item: _Object, index: int, overlaps: Sequence[Overlap], preprocess_ns: int) -> Registration:
    began = time.perf_counter_ns()
    views = [
        replace(view, image=overlap.without_others(view.image, view.sight.camera, index))
        for view, overlap in zip(item.views, overlaps, strict=True)
    ]
    return register_ready(views, item.plan, item.schedule, preprocess_ns + time.perf_counter_ns() - began)


def _sure(found: Registration) -> bool:
    return found.judgement.status is Status.TRACKING


def _cast_elsewhere(item: _Object, found: Registration) -> bool:
    """Tell whether an object was surely found, and away from where it was believed to be."""
    if not _sure(found) or item.believed is None:
        return _sure(found)
    view = item.views[0].sight.atlas.view
    local = item.views[0].local
    across, along, turned = moved_between(local(item.believed), local(found.world_from_volume), view.centre_mm)
    return across > _STILL_SHARE * view.field_mm or along > _STILL_DEPTH_SHARE * view.range_mm or turned > _STILL_RAD


def _among_others(item: _Object, found: Registration) -> Registration:
    """Return an answer as sure as it can be where other objects lie."""
    if not _sure(found):
        return found
    view, case = item.views[0], item.views[0].resident.case
    place = np.eye(4) if view.at_origin else view.sight.camera_from_world
    error_mm = corner_error_mm(
        found.information, place, found.camera_from_volume, case.corners_mm, case.atlas.view.centre_mm
    )
    return replace(found, judgement=judge_among_others(found.judgement, error_mm, case.size_mm))


def _missed(found: Registration) -> bool:
    """Tell whether the networks themselves say that the object is not near; with doubtful edges only it may well be."""
    return not _sure(found) and min(view.presence for view in found.views) < SURE


def _after(item: _Object, found: Registration) -> _Object:
    """Return an object as it goes into the second round: sure ones from where they were found, others as planned.

    What a tracked one's short schedule missed is looked for by the long one.
    """
    several = len(item.views) > 1
    if _sure(found):
        plan = Plan(found.world_from_volume, nearby=several)
        return replace(item, believed=found.world_from_volume, plan=plan, schedule=_LAST_TURN)
    if several or not item.plan.nearby:
        return item
    return replace(item, plan=replace(item.plan, nearby=False)) if _missed(found) else _first_try(item)


def _better(first: Registration, second: Registration) -> Registration:
    """Return the second answer unless it is the worse one, with the time of both."""
    both_sure = _sure(first) and _sure(second)
    kept = second if both_sure or second.judgement.confidence >= first.judgement.confidence else first
    stages = {*first.timing_ms, *second.timing_ms}
    spent = {stage: first.timing_ms.get(stage, 0.0) + second.timing_ms.get(stage, 0.0) for stage in sorted(stages)}
    return replace(kept, timing_ms=spent)
