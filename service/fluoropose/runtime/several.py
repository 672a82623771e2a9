"""Several objects in one frame: prepared once, each registered in a picture without the others, side by side.

Line integrals add up, so what the others cast into the frame at the poses they are believed to have is taken out before
an object is looked for (`pehl.overlap`). First they are believed where they are planned to start; an object that is not
sure then, or started far from where it was found to be, is looked for once more with the others where they were surely
found. Each object depends on the poses of the round before only, so the answers are the same however threads run.
"""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fluoropose.arrays import Float32, Mat44
from fluoropose.errors import InputError
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.pehl.hierarchy import DEFAULT_SCHEDULE, Schedule
from fluoropose.pehl.overlap import Shadow, fitted, shadow_of, touches, without_others
from fluoropose.runtime.engine import FrameView, Registration, ResidentCase
from fluoropose.runtime.views import Pictures, ReadyView, ready_views, register_ready
from fluoropose.tracking.quality import Status
from fluoropose.tracking.tracker import Plan

__all__ = ["register_objects"]

_POOL = ThreadPoolExecutor(max(1, (os.cpu_count() or 2) - 1), "objects")
"""Beside the calling thread, which registers one object itself. The networks run without the interpreter's lock."""

_FIT_PX = 160
"""Strengths are fitted on a picture of about so many rows: edges of objects are there, and noise is not."""


@dataclass(frozen=True, slots=True, eq=False)
class _Object:
    """One object of the frame: its case, its plan and the views as its networks look at them."""

    plan: Plan
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
        If there is no object, or not one plan per object; what `ResidentCase.register_views` raises.
    """
    if not residents or len(residents) != len(plans):
        raise InputError(f"expected one plan per object and at least one, got {len(residents)} and {len(plans)}")
    if len(residents) == 1:
        return (residents[0].register_views(views, meaning, inverted, plans[0], schedule),)
    began = time.perf_counter_ns()
    pictures: Pictures = {}
    objects = [
        _Object(plan, ready_views(resident, views, meaning, inverted, pictures))
        for resident, plan in zip(residents, plans, strict=True)
    ]
    spent = time.perf_counter_ns() - began
    first = _round(objects, [plan.start for plan in plans], plans, schedule, spent)
    again, later = _second_plans(objects, plans, first)
    if not again:
        return tuple(first)
    believed = [_believed(plan, found) for plan, found in zip(plans, first, strict=True)]
    second = _round(objects, believed, later, schedule, 0, again)
    return tuple(
        _better(found, second[again.index(index)]) if index in again else found for index, found in enumerate(first)
    )


def _round(
    objects: Sequence[_Object],
    poses: Sequence[Mat44 | None],
    plans: Sequence[Plan],
    schedule: Schedule,
    preprocess_ns: int,
    wanted: Sequence[int] = (),
) -> list[Registration]:
    """Register the wanted objects (all if none are named) with the others at `poses` taken out of their pictures."""
    chosen = list(wanted) or list(range(len(objects)))
    began = time.perf_counter_ns()
    casts = [_casts(objects, poses, number) for number in range(len(objects[0].views))]
    spent = preprocess_ns + time.perf_counter_ns() - began

    def one(index: int) -> Registration:
        began = time.perf_counter_ns()
        views = [_alone(view, index, casts[number]) for number, view in enumerate(objects[index].views)]
        return register_ready(views, plans[index], schedule, spent + time.perf_counter_ns() - began)

    return _side_by_side([lambda index=index: one(index) for index in chosen])  # type: ignore[misc]


@dataclass(frozen=True, slots=True, eq=False)
class _Casts:
    """What all objects cast into one view: a shadow each (None where nothing is known of one) and their strengths."""

    shadows: tuple[Shadow | None, ...]
    strengths: Any


def _casts(objects: Sequence[_Object], poses: Sequence[Mat44 | None], number: int) -> _Casts:
    shadows: list[Shadow | None] = []
    for item, pose in zip(objects, poses, strict=True):
        view = item.views[number]
        shadows.append(None if pose is None else shadow_of(view.local(pose), view.sight.camera, view.sight.atlas))
