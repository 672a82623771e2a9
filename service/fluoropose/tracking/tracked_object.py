"""An object that a session follows: its track and, if the session smooths, its window."""

from collections.abc import Mapping
from dataclasses import dataclass

from fluoropose.arrays import Mat33, Mat44, Vec3
from fluoropose.errors import ConflictError, InputError
from fluoropose.registration.assessment import Status
from fluoropose.tracking.session_settings import MAX_OBJECTS, Change, ObjectStart, UnknownObjectError
from fluoropose.tracking.smoother import Smoother, Smoothing
from fluoropose.tracking.tracker import Tracker

__all__ = ["Observation", "TrackedObject", "apply_change", "objects_to_restart"]


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """The pose at which an object was found, and its status.

    `axes_from_world`, shape (3, 3), are the axes of the camera that saw the object, along which its motion is limited;
    None if the world is that camera's frame.
    """

    world_from_volume: Mat44
    status: Status
    axes_from_world: Mat33 | None = None


@dataclass(slots=True, eq=False)
class TrackedObject:
    """One object of a session. Only the worker that does the session's running job may use the smoother."""

    case: str
    tracker: Tracker
    smoothing: Smoothing | None = None
    smoother: Smoother | None = None

    @classmethod
    def begin(cls, start: ObjectStart, centre_mm: Vec3, smoothing: Smoothing | None) -> "TrackedObject":
        """Begin to follow an object; `centre_mm` is its centre in the volume frame."""
        followed = cls(start.case, Tracker(start.initial_pose, centre_mm), smoothing)
        followed.forget()
        return followed

    def restart(self, initial_pose: Mat44 | None) -> None:
        """Restart the track at a pose, by default at its last one."""
        self.tracker.restart(self.tracker.last_pose if initial_pose is None else initial_pose)
        self.forget()

    def forget(self) -> None:
        """Begin an empty window; a job that still runs keeps the old one."""
        self.smoother = None if self.smoothing is None else Smoother(self.tracker.centre_mm, self.smoothing)


def objects_to_restart(change: Change, objects: Mapping[str, TrackedObject]) -> list[TrackedObject]:
    """Return the objects whose tracks a change restarts, or raise UnknownObjectError or InputError."""
    if change.case is not None:
        _require(change.case, objects)
    if not change.restarts:
        return []
    if change.case is not None:
        return [objects[change.case]]
    if change.initial_pose is not None and len(objects) > 1:
        raise InputError(f"expected the case whose start this is, one of: {', '.join(objects)}; got none")
    return list(objects.values())


def apply_change(
    objects: Mapping[str, TrackedObject], change: Change, centres_mm: Mapping[str, Vec3], smoothing: Smoothing | None
) -> dict[str, TrackedObject]:
    """Return the objects after some were removed and others added, or raise UnknownObjectError or ConflictError."""
    after = dict(objects)
    for case in change.remove:
        _require(case, after)
        del after[case]
    for start in change.add:
        if start.case in after:
            raise ConflictError(f"expected a case that the session does not follow, got {start.case[:64]!r}")
        after[start.case] = TrackedObject.begin(start, centres_mm[start.case], smoothing)
    if not 1 <= len(after) <= MAX_OBJECTS:
        raise ConflictError(f"expected 1 to {MAX_OBJECTS} cases in a session, got {len(after)}")
    return after


def _require(case: str, objects: Mapping[str, TrackedObject]) -> None:
    if case not in objects:
        raise UnknownObjectError(f"expected a case of: {', '.join(objects)}; got {case[:64]!r}")
