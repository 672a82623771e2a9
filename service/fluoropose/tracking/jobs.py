"""What passes through a session: frames, the work they make, answers, and why a frame got none. All values.

Times in ns are of a monotonic clock, moments in s are capture times.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fluoropose.arrays import Mat44
from fluoropose.errors import ConflictError, FluoroposeError, FrameError, NotReadyError, UnknownSessionError
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.registration.plan import Plan
from fluoropose.tracking.session_settings import SessionSettings
from fluoropose.tracking.tracked_object import Observation, TrackedObject

__all__ = [
    "CameraFrame",
    "DROP_REASONS",
    "DroppedFrame",
    "FrameStaleError",
    "FrameSupersededError",
    "Job",
    "JobAnswers",
    "ObjectTask",
    "ReadyResult",
    "ReceivedFrame",
    "SequenceError",
    "closed_error",
]

DROP_REASONS = ("superseded", "stale_queue", "stale_emit", "rejected", "invalid", "failed", "disconnected", "draining")


class FrameSupersededError(ConflictError):
    """A newer frame of the session took this one's place."""

    code = "frame-superseded"


class SequenceError(ConflictError):
    """A frame's number does not rise."""

    code = "sequence-conflict"


class FrameStaleError(FrameError):
    """The frame was older than the session allows."""

    code = "frame-stale"


@dataclass(frozen=True, slots=True, eq=False)
class ReceivedFrame:
    """A frame that was taken in; `payload` is the transport's business.

    `captured_ns` is on the monotonic clock and tells the age. `moment_s` orders frames for the motion model and finds
    their partners: the client's own capture time, or where it tells none, a camera's frames count as evenly spaced.
    `camera_from_world` is the camera's place for this frame alone, None where the session's holds.
    """

    ticket: int
    seq: int
    arrived_ns: int
    captured_ns: int
    moment_s: float
    payload: Any
    camera: str = ""
    camera_from_world: Mat44 | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CameraFrame:
    """A frame and the camera that took it, where it stood. `kept`: answered before, here for its partner's sake."""

    frame: ReceivedFrame
    placed: PlacedCamera
    kept: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ObjectTask:
    """An object to find, and from where."""

    tracked_object: TrackedObject
    plan: Plan


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Frames of one instant on their way to the device, in the order of the cameras, and what they need as it was then.

    `moment_s` is the latest of the new frames'. `again`: the instant is not after the last one that was answered.
    `is_search`: it answers no frame, but searches for objects while the others are followed.
    """

    sights: tuple[CameraFrame, ...]
    settings: SessionSettings
    tasks: tuple[ObjectTask, ...]
    moment_s: float
    again: bool = False
    is_search: bool = False

    @property
    def frames(self) -> list[ReceivedFrame]:
        """The frames that this work answers."""
        return [sight.frame for sight in self.sights if not sight.kept]

    @property
    def reported_tasks(self) -> list[ObjectTask]:
        """The tasks whose result counts; beside a search the others only tell what they cast over it."""
        return [task for task in self.tasks if task.plan.start is None] if self.is_search else list(self.tasks)


@dataclass(frozen=True, slots=True, eq=False)
class JobAnswers:
    """What came of a job: sightings by case, answers by ticket, both without those that failed.

    `decoded` are payloads to keep for a partner that is late, `failures` the errors of frames that cannot be used.
    """

    seen: Mapping[str, Observation]
    answers: Mapping[int, Any]
    decoded: Mapping[int, Any] = field(default_factory=dict)
    failures: Mapping[int, FluoroposeError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class ReadyResult:
    """An answer that may be handed over. `dropped` counts the session's frames dropped since the last one was."""

    frame: ReceivedFrame
    answer: Any
    dropped: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class DroppedFrame:
    """A frame that will not be answered: a reason of `DROP_REASONS`, and the error that a client may be told."""

    ticket: int
    seq: int | None
    reason: str
    error: FluoroposeError


def closed_error(reason: str) -> FluoroposeError:
    """Return what a frame is told that comes, or is still there, when its session has ended."""
    if reason == "draining":
        return NotReadyError("expected a service that takes frames, got one that is going away")
    return UnknownSessionError(f"expected an open session, got one that has ended: {reason}")
