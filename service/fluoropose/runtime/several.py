"""Several objects in one frame: prepared once, each registered in a picture without the others, side by side.

Line integrals add up, so what the others cast into the frame at the poses they are believed to have is taken out before
an object is looked for (`pehl.overlap`). First they are believed to be where they are planned to start. Where an object
was then surely found elsewhere, its neighbours are looked for once more with it taken out there. An object depends on
the poses of the round before only, so the answers are the same however the threads run.
"""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from fluoropose.arrays import Mat44
from fluoropose.errors import InputError
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.pehl.hierarchy import DEFAULT_SCHEDULE, Schedule, moved_between
from fluoropose.pehl.overlap import Overlap, overlap_of, shadow_of
from fluoropose.runtime.engine import FrameView, Registration, ResidentCase
from fluoropose.runtime.ready import Pictures, ReadyView, ready_views
from fluoropose.runtime.views import register_ready
from fluoropose.tracking.quality import Status
from fluoropose.tracking.tracker import Plan

__all__ = ["register_objects"]

_POOL = ThreadPoolExecutor(max(1, (os.cpu_count() or 2) - 1), "objects")
"""Beside the calling thread, which registers one object itself. The networks run without the interpreter's lock."""

_MOVED_SHARE, _MOVED_DEPTH_SHARE, _MOVED_RAD = 0.01, 0.01, 0.05
"""An object that was found further than this (shares of field and range, rad) from where it was believed to be did not
cast what was taken out."""

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
        for resident, plan in zip(residents, plans, strict=True)
    ]
    overlaps = _overlaps(objects)
    everyone = range(len(objects))
    first = _side_by_side(objects, overlaps, everyone, time.perf_counter_ns() - began)
    moved = [_cast_elsewhere(item, found) for item, found in zip(objects, first, strict=True)]
    again = [index for index in everyone if any(moved[n] for n in _neighbours(objects, overlaps, index))]
    if not again:
        return tuple(first)
    began = time.perf_counter_ns()
    objects = [_after(item, found) for item, found in zip(objects, first, strict=True)]
    overlaps = _overlaps(objects)
    second = _side_by_side(objects, overlaps, again, time.perf_counter_ns() - began)
    answers = list(first)
    for index, found in zip(again, second, strict=True):
        answers[index] = _better(first[index], found)
    return tuple(answers)


def _overlaps(objects: Sequence[_Object]) -> list[Overlap]:
    """Return what the objects cast into each view where they are believed to be."""
    overlaps = []
    for number, view in enumerate(objects[0].views):
        shadows = [
            None
            if item.believed is None
            else shadow_of(item.views[number].local(item.believed), item.views[number].sight.atlas)
            for item in objects
        ]
        overlaps.append(overlap_of(view.image, view.sight.camera, shadows))
    return overlaps


def _neighbours(objects: Sequence[_Object], overlaps: Sequence[Overlap], index: int) -> set[int]:
    """Return the objects that cast something where one looks; those not yet known count, since they may."""
    found = {n for n, item in enumerate(objects) if item.believed is None and n != index}
    for view, overlap in zip(objects[index].views, overlaps, strict=True):
        found |= set(overlap.neighbours(index, view.sight.camera))
    return found


def _side_by_side(
    objects: Sequence[_Object], overlaps: Sequence[Overlap], wanted: Sequence[int], preprocess_ns: int
) -> list[Registration]:
    """Register the wanted objects: one on this thread, the others on the pool's."""
    work = [partial(_register, objects[index], index, overlaps, preprocess_ns) for index in wanted]
    others = [_POOL.submit(each) for each in work[1:]]
    return [work[0](), *(other.result() for other in others)]


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
    """Tell whether an object was surely found away from where it was believed to be."""
    if not _sure(found):
        return False
    if item.believed is None:
        return True
    view = item.views[0].sight.atlas.view
    local = item.views[0].local
    across, along, turned = moved_between(local(item.believed), local(found.world_from_volume), view.centre_mm)
    return across > _MOVED_SHARE * view.field_mm or along > _MOVED_DEPTH_SHARE * view.range_mm or turned > _MOVED_RAD


def _after(item: _Object, found: Registration) -> _Object:
    """Return an object as it goes into the second round: sure ones from where they were found, others as planned."""
    if not _sure(found):
        return item
    plan = Plan(found.world_from_volume, nearby=len(item.views) > 1)
    return replace(item, believed=found.world_from_volume, plan=plan, schedule=_LAST_TURN)


def _better(first: Registration, second: Registration) -> Registration:
    """Return the second answer unless it is the worse one, with the time of both."""
    both_sure = _sure(first) and _sure(second)
    kept = second if both_sure or second.judgement.confidence >= first.judgement.confidence else first
    stages = {*first.timing_ms, *second.timing_ms}
    spent = {stage: first.timing_ms.get(stage, 0.0) + second.timing_ms.get(stage, 0.0) for stage in sorted(stages)}
    return replace(kept, timing_ms=spent)
