"""The values that pass through a session: frames, jobs, answers, and why a frame was dropped.

Times in ns are of a monotonic clock; `moment_s` is a capture time.
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
"""Why a frame gets no answer.

A newer frame or answer took its place; it was too old before the work, or after it; another frame waits or the service
is overloaded; it cannot be used; the device failed; the client is gone; the service is shutting down.
"""


class FrameSupersededError(ConflictError):
    """A newer frame of the session took this one's place."""

    code = "frame-superseded"


class SequenceError(ConflictError):
    """A frame's number is not above that of the camera's frame before."""

    code = "sequence-conflict"


class FrameStaleError(FrameError):
    """The frame was older than the session allows."""

    code = "frame-stale"


@dataclass(frozen=True, slots=True, eq=False)
class ReceivedFrame:
    """A frame that the session has taken in.

    Attributes
    ----------
    ticket : the frame's number within the session, over all cameras
    seq : the client's number of the frame, which rises with each frame of a camera
    arrived_ns, captured_ns : when the frame came and when it was captured; the second gives its age
    moment_s : the client's capture time, for the motion model and to find partners; without one, the camera's frames
        count as evenly spaced
    payload : the frame's content, which only the transport and the decoder look into
    camera : the name of the camera
    camera_from_world : where the camera stood for this frame, or None if the session's own place holds
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
    """A frame with its camera and where that stood. A `kept` frame was answered before; its partner came late."""

    frame: ReceivedFrame
    placed: PlacedCamera
    kept: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ObjectTask:
    """An object to register, and the plan of where to start."""

    tracked_object: TrackedObject
    plan: Plan


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """The work on the frames of one instant, with the session's settings as they were when the job was made.

    Attributes
    ----------
    camera_frames : the frames, in the order of the session's cameras
    tasks : the objects to register
    moment_s : the latest capture time of the new frames
    again : the instant is not after the last one that was answered
    is_search : the job answers no frame but searches for objects while the others are followed
    """

    camera_frames: tuple[CameraFrame, ...]
    settings: SessionSettings
    tasks: tuple[ObjectTask, ...]
    moment_s: float
    again: bool = False
    is_search: bool = False

    @property
    def frames(self) -> list[ReceivedFrame]:
        """The frames that this job answers."""
        return [camera_frame.frame for camera_frame in self.camera_frames if not camera_frame.kept]

    @property
    def reported_tasks(self) -> list[ObjectTask]:
        """The tasks whose results count: all, but in a search those alone that have no start pose."""
        return [task for task in self.tasks if task.plan.start is None] if self.is_search else list(self.tasks)


@dataclass(frozen=True, slots=True, eq=False)
class JobAnswers:
    """The results of a job.

    Attributes
    ----------
    seen : the objects' poses by case, without those that could not be registered
    answers : what the client is answered, by ticket
    decoded : by ticket, the payloads to keep for partners that come late
    failures : by ticket, the errors of frames that cannot be used
    """

    seen: Mapping[str, Observation]
    answers: Mapping[int, Any]
    decoded: Mapping[int, Any] = field(default_factory=dict)
    failures: Mapping[int, FluoroposeError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class ReadyResult:
    """An answer for the client. `dropped` counts the session's frames dropped since the last answer was handed over."""

    frame: ReceivedFrame
    answer: Any
    dropped: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class DroppedFrame:
    """A frame that will not be answered: its reason of `DROP_REASONS` and the error that the client may be told."""

    ticket: int
    seq: int | None
    reason: str
    error: FluoroposeError


def closed_error(reason: str) -> FluoroposeError:
    """Return the error for a frame that comes, or is in flight, when its session has ended."""
    if reason == "draining":
        return NotReadyError("expected a service that takes frames, got one that is going away")
    return UnknownSessionError(f"expected an open session, got one that has ended: {reason}")
