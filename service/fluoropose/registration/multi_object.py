"""Several objects in one frame: prepared once, each registered in a picture without the others, side by side.

Line integrals add up, so what the others cast into the frame at the poses they are believed to have is taken out before
an object is looked for (`registration.object_subtraction`). First they are believed to be where they are planned to start, then where
they were seen. There are three turns; what is believed changes between them only, so the answers are the same however
the threads run:

1. Of objects with rough starts those that the others disturb least are approached, two of them at least.
2. All are looked for, but those that the others disturb most.
3. These are looked for too, where the others are known by now, and all others are aligned there, or start anew.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from fluoropose.arrays import Float32, Mat44
from fluoropose.errors import InputError
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.parallel import run_parallel
from fluoropose.registration.multi_object_steps import (
    Item,
    approached,
    doubted_among_others,
    finished,
    is_seen,
    is_sure,
    looked_for,
)
from fluoropose.registration.multi_view import answered
from fluoropose.registration.object_estimate import ObjectEstimate, registration_of
from fluoropose.registration.object_subtraction import Cast, Ground, Overlap, disturbance, ground_of, overlap_of
from fluoropose.registration.plan import Plan
from fluoropose.registration.prepared_view import prepare_views, shared_pictures
from fluoropose.registration.projected_object import project_object
from fluoropose.registration.regression.schedule import DEFAULT_SCHEDULE, Approach, Schedule, motion_between
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView, Registration

__all__ = ["register_objects"]

_STILL_SHARE, _STILL_DEPTH_SHARE, _STILL_RAD = 0.002, 0.005, 0.01
"""An object that was found nearer than this (shares of field and range, rad) to where it was believed to be has cast
what was taken out: a third of a canonical pixel."""

_DISTURBED = 0.2
"""An object that is not surely found starts anew if what the others cast proves to differ from what was taken out by
derivatives of more than this share of its own."""

_FIRST = 2
_EXPOSED, _MOST_EXPOSED = 1.0, 1.6
"""Objects with less exposure than the first (`Overlap.exposure`), and in any case `_FIRST` of them, are approached in
the first turn; of the others those with more than the second wait for the last. On simulated frames the knee component
has 0.2 to 0.4, plates over it 0.5 to 1.8, and probes behind it 1.6 to 3.3: hardly one is found before it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Standing:
    """What is known of an object between two turns: where it is believed to be and what it casts there into each view.

    `images` are the pictures of its last turn. Times in ns: of making its pictures, and of all its turns.
    """

    believed: Mat44 | None
    casts: tuple[Cast | None, ...]
    begun: Approach | None = None
    answer: ObjectEstimate | None = None
    images: tuple[Float32, ...] = ()
    preprocess_ns: int = 0
    spent_ns: int = 0


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
    pictures = shared_pictures(residents, views, meaning, inverted)
    items = [
        Item(plan, schedule, prepare_views(resident, views, meaning, inverted, pictures))
        for resident, plan in zip(_apart(residents), plans, strict=True)
    ]
    turns = _Turns(items)
    turns.take()
    common_ns = time.perf_counter_ns() - began - turns.turns_ns
    return tuple(
        registration_of(
            item.views, answer, common_ns + one.preprocess_ns, common_ns + one.spent_ns, item.plan.start is None
        )
        for item, one, answer in turns.ended()
    )


def _apart(residents: Sequence[ResidentCase]) -> list[ResidentCase]:
    """Return the cases so that none comes twice, for each is held while it is looked for."""
    counts: dict[ResidentCase, int] = {}
    apart = []
    for resident in residents:
        number = counts[resident] = counts.get(resident, -1) + 1
        apart.append(resident.another(number))
    return apart


class _Turns:
    """The turns of one frame's objects."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.turns_ns = 0
        self._grounds = [ground_of(view.image, view.sight.camera) for view in items[0].views]
        starts = [partial(_cast, item, item.plan.start, self._grounds) for item in items]
        self._stands = [
            _Standing(item.plan.start, casts) for item, casts in zip(items, run_parallel(starts), strict=True)
        ]
        self._overlaps = self._before = self._fitted()
        everyone = range(len(items))
        self._alone = {n for n in everyone if not self._neighbours(n)}
        exposures = {n: self._overlaps[0].exposure(n) for n in everyone if items[n].is_rough and n not in self._alone}
        order = sorted(exposures, key=lambda n: (exposures[n], n))
        self._first = [n for rank, n in enumerate(order) if rank < _FIRST or exposures[n] < _EXPOSED]
        self._last = {n for n in order if n not in self._first and exposures[n] > _MOST_EXPOSED}

    def take(self) -> None:
        """Take all turns. What takes longest begins, so that no core is idle for long."""
        self._turn(self._first, self._approach)
        now = [n for n in range(len(self.items)) if n not in self._last]
        self._turn(sorted(now, key=lambda n: (self._is_seen(n), n)), self._look)
        left = [n for n in range(len(self.items)) if n not in self._alone]
        self._turn(sorted(left, key=lambda n: (is_sure(self._stands[n].answer), n)), self._finish)

    def ended(self) -> Iterable[tuple[Item, _Standing, ObjectEstimate]]:
        """Return what became of each object."""
        for item, one in zip(self.items, self._stands, strict=True):
            if one.answer is None:
                raise AssertionError("expected every object to have had its turn")
            yield item, one, one.answer

    def _turn(self, wanted: Sequence[int], work: Callable[[int], _Standing]) -> None:
        """Do an object's work for each that is wanted, side by side, and fit anew what all cast after it."""
        began = time.perf_counter_ns()
        for n, one in zip(wanted, run_parallel([partial(work, n) for n in wanted]), strict=True):
            self._stands[n] = one
        self.turns_ns += time.perf_counter_ns() - began
        cast = [one.casts for one in self._stands]
        moved = any(
            casts[number] is not overlap.casts[n]
            for number, overlap in enumerate(self._overlaps)
            for n, casts in enumerate(cast)
        )
        self._before, self._overlaps = self._overlaps, self._fitted() if moved else self._overlaps

    def _fitted(self) -> list[Overlap]:
        return [
            overlap_of(ground, [one.casts[number] for one in self._stands])
            for number, ground in enumerate(self._grounds)
        ]

    def _neighbours(self, n: int) -> set[int]:
        """Return the objects that cast something where one looks; those not yet known count, since they may."""
        found = {other for other, one in enumerate(self._stands) if one.believed is None and other != n}
        for view, overlap in zip(self.items[n].views, self._overlaps, strict=True):
            found |= set(overlap.neighbours(n, view.sight.camera))
        return found

    def _is_seen(self, n: int) -> bool:
        begun = self._stands[n].begun
        return begun is not None and is_seen(begun)

    def _is_disturbed(self, n: int) -> bool:
        """Tell whether what the others cast has changed so much that an object should be looked for anew."""
        if self._overlaps is self._before:
            return False
        both = zip(self._before, self._overlaps, strict=True)
        return any(disturbance(before, after, n) > _DISTURBED for before, after in both)

    def _approach(self, n: int) -> _Standing:
        began, item, one = time.perf_counter_ns(), self.items[n], self._pictured(n)
        begun = approached(item, one.images)
        one = replace(one, begun=begun)
        if is_seen(begun):
            one = self._believed(n, one, item.views[0].world(begun.camera_from_volume))
        return _spent(one, began)

    def _look(self, n: int) -> _Standing:
        began, item, one = time.perf_counter_ns(), self.items[n], self._pictured(n)
        if n in self._alone:
            return _spent(replace(one, answer=answered(item.views, item.plan, item.schedule)), began)
        answer = looked_for(item, one.images, one.begun, one.begun is not None and self._is_disturbed(n))
        one = replace(one, answer=answer)
        if is_sure(answer):
            one = self._believed(n, one, answer.world_from_volume)
        return _spent(one, began)

    def _finish(self, n: int) -> _Standing:
        began, item, one = time.perf_counter_ns(), self.items[n], self._pictured(n)
        disturbed = (len(item.views) > 1 or not is_sure(one.answer)) and self._is_disturbed(n)
        answer = doubted_among_others(item, finished(item, one.images, one.answer, disturbed))
        return _spent(replace(one, answer=answer), began)

    def _pictured(self, n: int) -> _Standing:
        """Return an object's standing with the pictures of its next turn: those of its last if nothing has moved."""
        one = self._stands[n]
        if one.images and self._overlaps is self._before:
            return one
        began = time.perf_counter_ns()
        images = tuple(
            overlap.without_others(view.image, view.sight.camera, n)
            for view, overlap in zip(self.items[n].views, self._overlaps, strict=True)
        )
        return replace(one, images=images, preprocess_ns=one.preprocess_ns + time.perf_counter_ns() - began)

    def _believed(self, n: int, one: _Standing, pose: Mat44) -> _Standing:
        """Return an object's standing where it was seen; one that has not moved casts what it did."""
        item = self.items[n]
        if one.believed is not None and _is_still(item, one.believed, pose):
            return one
        return replace(one, believed=pose, casts=_cast(item, pose, self._grounds))


def _spent(one: _Standing, began_ns: int) -> _Standing:
    return replace(one, spent_ns=one.spent_ns + time.perf_counter_ns() - began_ns)


def _cast(item: Item, world_from_volume: Mat44 | None, grounds: Sequence[Ground]) -> tuple[Cast | None, ...]:
    """Return what an object casts into each view."""
    if world_from_volume is None:
        return (None,) * len(item.views)
    return tuple(
        ground.cast(project_object(view.local(world_from_volume), view.sight.atlas))
        for view, ground in zip(item.views, grounds, strict=True)
    )


def _is_still(item: Item, before: Mat44, after: Mat44) -> bool:
    view = item.views[0].sight.atlas.view
    local = item.views[0].local
    across, along, turned = motion_between(local(before), local(after), view.centre_mm)
    return across < _STILL_SHARE * view.field_mm and along < _STILL_DEPTH_SHARE * view.range_mm and turned < _STILL_RAD
