"""A session without I/O: frames and times go in, events come out; every transport carries this same core.

A frame is in one of three places, each of which holds one: `waiting` (for the device), `running` (on it), `ready`
(answered, not yet handed to the client). A newer frame replaces a waiting one, a newer answer a ready one. Every frame
that was offered ends as answered or as dropped for a reason; the books hold at any moment:

    received = answered + sum(dropped by reason) + in flight

Times are of a monotonic clock in ns, so that a wall clock that jumps changes no age once a frame has arrived.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from fluoropose.arrays import Mat44, Vec3
from fluoropose.errors import ConflictError, FluoroposeError, FrameError, NotReadyError, UnknownSessionError
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.tracking.quality import Status
from fluoropose.tracking.tracker import FRAME_SECONDS, Plan, Tracker

__all__ = [
    "DROP_REASONS",
    "Dropped",
    "FrameStaleError",
    "FrameSupersededError",
    "Job",
    "Offered",
    "Ready",
    "SequenceError",
    "Session",
    "SessionSettings",
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
class SessionSettings:
    """What a client opened the session with."""

    case: str
    camera: Camera
    meaning: PixelMeaning
    inverted: bool = False
    initial_pose: Mat44 | None = None
    max_frame_age_ms: float | None = None
    policy: str = "latest"


@dataclass(frozen=True, slots=True, eq=False)
class Offered:
    """A frame that was taken in; `payload` is the transport's business.

    `captured_ns` is on the monotonic clock and tells the age. `moment_s` orders frames for the motion model: the
    client's own capture time, or where it tells none, its frames count as evenly spaced.
    """

    ticket: int
    seq: int
    arrived_ns: int
    captured_ns: int
    moment_s: float
    payload: Any


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A frame on its way to the device, with what it needs: settings and plan as they were when it was taken."""

    frame: Offered
    settings: SessionSettings
    plan: Plan


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """An answer that may be handed over. `dropped` counts the session's frames dropped since the last one was."""

    frame: Offered
    answer: Any
    dropped: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Dropped:
    """A frame that will not be answered: a reason of `DROP_REASONS`, and the error that a client may be told."""

    ticket: int
    seq: int | None
    reason: str
    error: FluoroposeError


@dataclass(slots=True, eq=False, weakref_slot=True)
class Session:
    """One session: the track, the three places, the books. One thread at a time."""

    name: str
    settings: SessionSettings
    tracker: Tracker
    owner: str = ""
    counters: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    last_seq: int = -1
    closed: str = ""
    absent: str = ""
    attached: bool = False
    waiting: Offered | None = None
    running: Job | None = None
    ready: Ready | None = None
    _seen_seq: int = -1
    _tickets: int = 0
    _unreported: int = 0

    @classmethod
    def opened(cls, name: str, settings: SessionSettings, centre_mm: Vec3, owner: str = "") -> "Session":
        """Return a new session whose object's centre is at `centre_mm` of the volume."""
        return cls(name, settings, Tracker(settings.initial_pose, centre_mm), owner)

    @property
    def in_flight(self) -> int:
        """How many frames are neither answered nor dropped yet, 0 to 3."""
        return sum(place is not None for place in (self.waiting, self.running, self.ready))

    @property
    def unfed(self) -> bool:
        """Whether nobody has ever sent a frame and no stream is attached."""
        return not self.attached and not self.counters["received"]

    def restart(self, camera: Camera | None = None, initial_pose: Mat44 | None = None) -> None:
        """Begin again with a new camera, a new start, or both; without a start, at the last pose. The books stay."""
        start = self.tracker.last_pose if initial_pose is None else initial_pose
        self.settings = replace(self.settings, camera=camera or self.settings.camera, initial_pose=start)
        self.tracker.restart(start)

    def offer(
        self, payload: Any, seq: int | None, age_ns: int, now_ns: int, captured_s: float | None = None
    ) -> tuple[int, list[Dropped]]:
        """Take a frame in, or refuse it; return its ticket and what was dropped, itself included."""
        self._tickets += 1
        ticket = self._tickets
        self.counters["received"] += 1
        if self.closed:
            return ticket, [self._drop(ticket, seq, self.closed, _closed_error(self.closed))]
        if seq is not None and seq <= self._seen_seq:
            refusal = SequenceError(f"expected a frame number above {self._seen_seq}, got {seq}")
            return ticket, [self._drop(ticket, seq, "invalid", refusal)]
        if self.settings.policy == "reject" and self.waiting is not None:
            full = FrameSupersededError("expected room for one waiting frame, got one that waits already")
            return ticket, [self._drop(ticket, seq, "rejected", full)]
        self._seen_seq = self._seen_seq + 1 if seq is None else seq
        moment_s = self._seen_seq * FRAME_SECONDS if captured_s is None else captured_s
        frame = Offered(ticket, self._seen_seq, now_ns, now_ns - max(0, age_ns), moment_s, payload)
        old, self.waiting = self.waiting, frame
        if old is None:
            return ticket, []
        newer = FrameSupersededError("expected to be the newest frame, got a newer one while this one waited")
        return ticket, [self._drop(old.ticket, old.seq, "superseded", newer)]

    def refuse(self, error: FluoroposeError, seq: int | None = None) -> Dropped:
        """Count something that came in a frame's place and holds none."""
        self._tickets += 1
        self.counters["received"] += 1
        return self._drop(self._tickets, seq, "invalid", error)

    def refuse_waiting(self, error: FluoroposeError) -> Dropped:
        """Give the waiting frame up because the service has too much to do."""
        if self.waiting is None:
            raise AssertionError("expected a waiting frame, got none")
        frame, self.waiting = self.waiting, None
        return self._drop(frame.ticket, frame.seq, "rejected", error)

    def take(self, now_ns: int) -> Job | Dropped | None:
        """Move the waiting frame to the device; `Dropped` if it has grown too old, None if there is nothing to do."""
        if self.running is not None or self.waiting is None:
            return None
        frame, self.waiting = self.waiting, None
        stale = self._stale(frame, now_ns)
        if stale is not None:
            return self._drop(frame.ticket, frame.seq, "stale_queue", stale)
        self.running = Job(frame, self.settings, self.tracker.plan(frame.moment_s))
        return self.running

    def complete(self, answer: Any, pose: Mat44, status: Status) -> list[Dropped]:
        """Take the running frame's result: the track goes on, the answer is ready for the client."""
        job = self._finished()
        self.tracker.receive(pose, status, job.frame.moment_s, job.plan)
        self.counters[status.value] += 1
        if self.absent:
            return [self._drop(job.frame.ticket, job.frame.seq, self.absent, _closed_error(self.absent))]
        old, self.ready = self.ready, Ready(job.frame, answer)
        if old is None:
            return []
        slow = FrameSupersededError("expected a client that reads, got a newer answer before this one was read")
        return [self._drop(old.frame.ticket, old.frame.seq, "superseded", slow)]

    def fail(self, error: FluoroposeError, reason: str = "invalid") -> Dropped:
        """Give the running frame up: it cannot be decoded ("invalid"), or the device failed on it ("failed")."""
        job = self._finished()
        return self._drop(job.frame.ticket, job.frame.seq, reason, error)

    def hand_over(self, now_ns: int) -> Ready | Dropped | None:
        """Return the answer to give to the client now; `Dropped` if it has grown too old, None if there is none."""
        if self.ready is None:
            return None
        ready, self.ready = self.ready, None
        stale = self._stale(ready.frame, now_ns)
        if stale is not None:
            return self._drop(ready.frame.ticket, ready.frame.seq, "stale_emit", stale)
        self.counters["answered"] += 1
        self.last_seq = ready.frame.seq
        dropped, self._unreported = self._unreported, 0
        return Ready(ready.frame, ready.answer, dropped)

    def join(self) -> None:
        """Note that a client is there (again) to take answers."""
        self.absent, self.attached = "", True

    def leave(self, reason: str) -> list[Dropped]:
        """Drop what waits or is ready, and what runs once it has finished: the client is gone."""
        self.absent, self.attached = reason, False
        gone = []
        if self.waiting is not None:
            gone.append(self._drop(self.waiting.ticket, self.waiting.seq, reason, _closed_error(reason)))
            self.waiting = None
        if self.ready is not None:
            gone.append(self._drop(self.ready.frame.ticket, self.ready.frame.seq, reason, _closed_error(reason)))
            self.ready = None
        return gone

    def drain(self) -> None:
        """Take no frame any more; what is in flight is still answered."""
        self.closed = self.closed or "draining"

    def close(self, reason: str) -> list[Dropped]:
        """Take no frame any more and answer none."""
        self.closed = self.closed or reason
        return self.leave(self.closed)

    def _finished(self) -> Job:
        if self.running is None:
            raise AssertionError("expected a running frame, got none")
        job, self.running = self.running, None
        return job

    def _stale(self, frame: Offered, now_ns: int) -> FrameStaleError | None:
        limit, age_ms = self.settings.max_frame_age_ms, (now_ns - frame.captured_ns) / 1e6
        if limit is None or age_ms <= limit:
            return None
        return FrameStaleError(f"expected a frame of at most {limit:g} ms of age, got {age_ms:.0f} ms")

    def _drop(self, ticket: int, seq: int | None, reason: str, error: FluoroposeError) -> Dropped:
        self.dropped[reason] += 1
        self._unreported += 1
        return Dropped(ticket, seq, reason, error)


def _closed_error(reason: str) -> FluoroposeError:
    if reason == "draining":
        return NotReadyError("expected a service that takes frames, got one that is going away")
    return UnknownSessionError(f"expected an open session, got one that has ended: {reason}")
