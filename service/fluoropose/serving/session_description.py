"""What the service shows of a session: a value that was read at one moment, safe to keep and to encode."""

from collections.abc import Mapping
from dataclasses import dataclass

from fluoropose.arrays import Mat44
from fluoropose.registration.assessment import Status
from fluoropose.tracking.session import Session
from fluoropose.tracking.tracked_object import TrackedObject
from fluoropose.tracking.tracker import TrackState

__all__ = ["SessionDescription", "TrackDescription", "describe_session"]


@dataclass(frozen=True, slots=True, eq=False)
class TrackDescription:
    """One object's track: its state, and the status and the pose of its last result, None before the first."""

    case: str
    state: TrackState
    last_status: Status | None
    last_pose: Mat44 | None


@dataclass(frozen=True, slots=True, eq=False)
class SessionDescription:
    """A session: its tracks (the first object's comes first), its cameras' names, and its counts of frames.

    `last_seq` is the number of the last frame that was answered, None before the first. `counters` holds "received",
    "answered", "in_flight" and the results by status; `dropped` holds the dropped frames by reason.
    """

    name: str
    policy: str
    cameras: tuple[str, ...]
    tracks: tuple[TrackDescription, ...]
    last_seq: int | None
    counters: Mapping[str, int]
    dropped: Mapping[str, int]


def describe_session(session: Session) -> SessionDescription:
    """Return the description of a session; nobody else may change the session meanwhile."""
    return SessionDescription(
        session.name,
        session.settings.policy,
        tuple(session.settings.cameras),
        tuple(_describe_track(followed) for followed in session.objects.values()),
        session.last_seq if session.last_seq >= 0 else None,
        {"received": 0, "answered": 0, **session.counters, "in_flight": session.in_flight},
        dict(session.dropped),
    )


def _describe_track(followed: TrackedObject) -> TrackDescription:
    tracker = followed.tracker
    return TrackDescription(followed.case, tracker.state, tracker.last_status, tracker.last_pose)
