"""Several objects in one frame: prepared once, each registered in a picture without the others, in parallel.

Line integrals add up. So what the others project into the frame at the poses they are believed to have is subtracted
before an object is looked for (`registration.object_subtraction`). First they are believed to be where they are planned
to start, then where they were seen. There are three turns. What is believed changes between them only, so the answers
are the same however the threads run:

1. Of objects with rough starts those that the others disturb least are regressed coarsely, two of them at least.
2. All objects are looked for, but those that the others disturb most.
3. These are looked for too, where the others are known by now, and all others are refined there, or start anew.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from fluoropose.arrays import Float32, Mat44
from fluoropose.errors import InputError
from fluoropose.parallel import run_parallel
from fluoropose.registration.evidence import judged_registration
from fluoropose.registration.explanation import explain
from fluoropose.registration.multi_object_steps import (
    MULTI_OBJECT,
    MultiObjectSettings,
    ObjectTask,
    assess_beside_others,
    finish_object,
    is_seen,
    is_sure,
    regress_object,
    regress_object_coarsely,
)
from fluoropose.registration.object_subtraction import (
    ObjectProjection,
    Overlap,
    SubtractionFrame,
    disturbance,
    fit_overlap,
    subtraction_frame,
)
from fluoropose.registration.pipeline import estimate_object, register, say_waiting
from fluoropose.registration.plan import Plan
from fluoropose.registration.prepared_view import (
    Pictures,
    is_same_object,
    prepare_views,
    shared_pictures,
    views_of_object,
)
from fluoropose.registration.projected_object import project_object
from fluoropose.registration.regression.schedule import DEFAULT_SCHEDULE, Clock, CoarseEnd, Schedule, motion_between
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView, ObjectEstimate, Registration

__all__ = ["register_objects"]


@dataclass(frozen=True, slots=True, eq=False)
class _ObjectState:
    """What is known of an object between two turns: where it is believed to be, and its projection into each view.

    `images` are the pictures of its last turn. Times in ns: of making its pictures, and of all its turns.
    """

    believed: Mat44 | None
    projections: tuple[ObjectProjection | None, ...]
    coarse: CoarseEnd | None = None
    estimate: ObjectEstimate | None = None
    images: tuple[Float32, ...] = ()
    preprocess_ns: int = 0
    spent_ns: int = 0


def register_objects(
    residents: Sequence[ResidentCase],
    views: Sequence[FrameView],
    plans: Sequence[Plan],
    schedule: Schedule = DEFAULT_SCHEDULE,
    settings: MultiObjectSettings = MULTI_OBJECT,
    pictures: Pictures | None = None,
) -> tuple[Registration, ...]:
    """Find several objects in the views of one instant, each as its plan says; one alone as `pipeline.register` does.

    A case may come twice: two plates of one kind. An object affects the others only by its projection. One that is
    searched for without a start projects nothing until it is found. `pictures` are the views' line integrals, if they
    are made already (`shared_pictures`).

    Raises
    ------
    InputError
        If there is no object, not one plan per object, or a view has a case of its own that is of none of them.
    GeometryError, FrameError
        As `prepare_views`.
    """
    if not residents or len(residents) != len(plans):
        raise InputError(f"expected one plan per object and at least one, got {len(residents)} and {len(plans)}")
    if len(residents) == 1:
        return (register(residents[0], views, plans[0], schedule, pictures),)
    for view in views:
        if view.resident is not None and not any(is_same_object(view.resident.case, one.case) for one in residents):
            raise InputError(f"expected the case of view {view.name!r} to be of one of the objects, got another's")
    clock = residents[0].clock
    began = clock()
    pictures = shared_pictures(residents, views) if pictures is None else pictures
    tasks = [
        ObjectTask(plan, schedule, prepare_views(resident, views_of_object(resident, views), pictures), settings)
        for resident, plan in zip(_distinct_copies(residents), plans, strict=True)
    ]
    turns = _Turns(tasks, settings, clock)
    turns.take()
    common_ns = clock() - began - turns.turns_ns
    return tuple(_registration_of(task, state, estimate, views, common_ns) for task, state, estimate in turns.ends())


def _registration_of(
    task: ObjectTask, state: _ObjectState, estimate: ObjectEstimate, views: Sequence[FrameView], common_ns: int
) -> Registration:
    """Return an object's last estimate with its reason and its errors; `common_ns` went to what all objects share."""
    found = task.views[0].resident.clock()
    explained = explain(task.views, task.plan, say_waiting(task.views, task.plan, estimate))
    return judged_registration(
        task.views,
        views,
        explained,
        searched=task.plan.start is None,
        preprocess_ns=common_ns + state.preprocess_ns,
        found_ns=found,
        before_ns=common_ns + state.spent_ns,
    )


def _distinct_copies(residents: Sequence[ResidentCase]) -> list[ResidentCase]:
    """Return the cases so that none comes twice, for each is locked while it is looked for."""
    counts: dict[ResidentCase, int] = {}
    distinct = []
    for resident in residents:
        number = counts[resident] = counts.get(resident, -1) + 1
        distinct.append(resident.copy(number))
    return distinct


class _Turns:
    """The turns of one frame's objects. `turns_ns` is the time that they took by the clock."""

    def __init__(self, tasks: Sequence[ObjectTask], settings: MultiObjectSettings, clock: Clock) -> None:
        self.tasks = tasks
        self.turns_ns = 0
        self._settings, self._clock = settings, clock
        self._frames = [subtraction_frame(view.image, view.camera) for view in tasks[0].views]
        starts = [partial(_project, task, task.plan.start, self._frames) for task in tasks]
        projections = zip(tasks, run_parallel(starts), strict=True)
        self._states = [_ObjectState(task.plan.start, one) for task, one in projections]
        self._overlaps = self._before = self._fit()
        everyone = range(len(tasks))
        self._alone = {n for n in everyone if not self._neighbours(n)}
        exposures = {n: self._overlaps[0].exposure(n) for n in everyone if tasks[n].is_rough and n not in self._alone}
        order = sorted(exposures, key=lambda n: (exposures[n], n))
        self._first = [
            n for rank, n in enumerate(order) if rank < settings.first_count or exposures[n] < settings.exposed
        ]
        self._last = {n for n in order if n not in self._first and exposures[n] > settings.most_exposed}

    def take(self) -> None:
        """Take all turns. What takes longest begins, so that no core is idle for long."""
        self._turn(self._first, self._regress_coarsely)
        now = [n for n in range(len(self.tasks)) if n not in self._last]
        self._turn(sorted(now, key=lambda n: (self._is_seen(n), n)), self._regress)
        left = [n for n in range(len(self.tasks)) if n not in self._alone]
        self._turn(sorted(left, key=lambda n: (is_sure(self._states[n].estimate), n)), self._finish)

    def ends(self) -> Iterable[tuple[ObjectTask, _ObjectState, ObjectEstimate]]:
        """Return each object's task, state and estimate after all turns."""
        for task, state in zip(self.tasks, self._states, strict=True):
            if state.estimate is None:
                raise AssertionError("expected every object to have had its turn")
            yield task, state, state.estimate

    def _turn(self, wanted: Sequence[int], work: Callable[[int], _ObjectState]) -> None:
        """Do the work for each object that is wanted, in parallel, and fit anew what all project after it."""
        began = self._clock()
        for n, state in zip(wanted, run_parallel([partial(work, n) for n in wanted]), strict=True):
            self._states[n] = state
        self.turns_ns += self._clock() - began
        projections = [state.projections for state in self._states]
        moved = any(
            own[number] is not overlap.projections[n]
            for number, overlap in enumerate(self._overlaps)
            for n, own in enumerate(projections)
        )
        self._before, self._overlaps = self._overlaps, self._fit() if moved else self._overlaps

    def _fit(self) -> list[Overlap]:
        return [
            fit_overlap(frame, [state.projections[number] for state in self._states])
            for number, frame in enumerate(self._frames)
        ]

    def _neighbours(self, n: int) -> set[int]:
        """Return the objects that project into where one looks; those not yet known count, since they may."""
        found = {other for other, state in enumerate(self._states) if state.believed is None and other != n}
        for view, overlap in zip(self.tasks[n].views, self._overlaps, strict=True):
            found |= set(overlap.neighbours(n, view.camera))
        return found

    def _is_seen(self, n: int) -> bool:
        coarse = self._states[n].coarse
        return coarse is not None and is_seen(self.tasks[n], coarse)

    def _is_disturbed(self, n: int) -> bool:
        """Tell whether what the others project has changed so much that an object should be looked for anew."""
        if self._overlaps is self._before:
            return False
        both = zip(self._before, self._overlaps, strict=True)
        return any(disturbance(before, after, n) > self._settings.disturbed for before, after in both)

    def _regress_coarsely(self, n: int) -> _ObjectState:
        began, task, state = self._clock(), self.tasks[n], self._with_images(n)
        coarse = regress_object_coarsely(task, state.images)
        state = replace(state, coarse=coarse)
        if is_seen(task, coarse):
            state = self._with_belief(n, state, task.views[0].world_from_volume(coarse.pose))
        return self._with_time(state, began)

    def _regress(self, n: int) -> _ObjectState:
        began, task, state = self._clock(), self.tasks[n], self._with_images(n)
        if n in self._alone:
            estimate = estimate_object(task.views, task.plan, task.schedule)
            return self._with_time(replace(state, estimate=estimate), began)
        disturbed = state.coarse is not None and self._is_disturbed(n)
        estimate = regress_object(task, state.images, state.coarse, disturbed)
        state = replace(state, estimate=estimate)
        if is_sure(estimate):
            state = self._with_belief(n, state, estimate.world_from_volume)
        return self._with_time(state, began)

    def _finish(self, n: int) -> _ObjectState:
        began, task, state = self._clock(), self.tasks[n], self._with_images(n)
        disturbed = (len(task.views) > 1 or not is_sure(state.estimate)) and self._is_disturbed(n)
        estimate = assess_beside_others(task, finish_object(task, state.images, state.estimate, disturbed))
        return self._with_time(replace(state, estimate=estimate), began)

    def _with_images(self, n: int) -> _ObjectState:
        """Return an object's state with the pictures of its next turn: those of its last if nothing has moved."""
        state = self._states[n]
        if state.images and self._overlaps is self._before:
            return state
        began = self._clock()
        images = tuple(
            overlap.subtract_others(view.image, view.camera, n)
            for view, overlap in zip(self.tasks[n].views, self._overlaps, strict=True)
        )
        return replace(state, images=images, preprocess_ns=state.preprocess_ns + self._clock() - began)

    def _with_belief(self, n: int, state: _ObjectState, pose: Mat44) -> _ObjectState:
        """Return an object's state where it was seen; one that has not moved keeps its projections."""
        task = self.tasks[n]
        if state.believed is not None and _is_still(task, state.believed, pose):
            return state
        return replace(state, believed=pose, projections=_project(task, pose, self._frames))

    def _with_time(self, state: _ObjectState, began_ns: int) -> _ObjectState:
        return replace(state, spent_ns=state.spent_ns + self._clock() - began_ns)


def _project(
    task: ObjectTask, world_from_volume: Mat44 | None, frames: Sequence[SubtractionFrame]
) -> tuple[ObjectProjection | None, ...]:
    """Return an object's projection into each view; None for an object whose pose is not known."""
    if world_from_volume is None:
        return (None,) * len(task.views)
    return tuple(
        frame.project(project_object(view.camera_from_volume(world_from_volume), view.atlas))
        for view, frame in zip(task.views, frames, strict=True)
    )


def _is_still(task: ObjectTask, before: Mat44, after: Mat44) -> bool:
    """Tell whether an object is where it was believed to be, as far as its projection tells."""
    view, settings = task.views[0], task.settings
    canonical = view.atlas.view
    across, along, turned = motion_between(
        view.camera_from_volume(before), view.camera_from_volume(after), canonical.centre_mm
    )
    near = (
        across < settings.still_share * canonical.field_mm and along < settings.still_depth_share * canonical.range_mm
    )
    return near and turned < settings.still_rad
