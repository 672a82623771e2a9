"""A session without I/O: frames and times go in, jobs, answers and dropped frames come out. All transports use it.

A frame is in one of three states. `waiting` (for a worker) and `ready` (answered, not yet handed to the client) hold
one frame of each camera; `running` holds the frames of one instant. A newer frame replaces a waiting one, and a newer
answer a ready one. Every frame that is offered is in the end answered or dropped for a reason. At any moment

    received = answered + sum(dropped by reason) + in flight

Times are of a monotonic clock in ns, so that a wall clock that jumps changes no age once a frame has arrived.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fluoropose.arrays import Mat44, Vec3
from fluoropose.errors import FluoroposeError, InputError
from fluoropose.tracking.job_planning import keep_decoded_frames, plan_job, plan_search
from fluoropose.tracking.jobs import (
    DroppedFrame,
    FrameStaleError,
    FrameSupersededError,
    Job,
    JobAnswers,
    ReadyResult,
    ReceivedFrame,
    SequenceError,
    closed_error,
)
from fluoropose.tracking.pairing import PartnerBuffer
from fluoropose.tracking.session_settings import Change, ObjectStart, SessionSettings, require_same_world
from fluoropose.tracking.tracked_object import Observation, TrackedObject, apply_change, objects_to_restart
from fluoropose.tracking.tracker import FRAME_SECONDS, Tracker

__all__ = ["Session"]


@dataclass(slots=True, eq=False, weakref_slot=True)
class Session:
    """One session: its tracks, its frames in flight and its counters. Only one thread may use it at a time.

    `closed` is why no frame is taken any more, and `absent` why none is answered; both are "" otherwise. `attached`
    says that a stream is connected, and `last_seq` is the number of the last frame that was handed over.
    """

    name: str
    settings: SessionSettings
    objects: dict[str, TrackedObject]
    owner: str = ""
    counters: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    last_seq: int = -1
    closed: str = ""
    absent: str = ""
    attached: bool = False
    waiting: dict[str, ReceivedFrame] = field(default_factory=dict)
    running: Job | None = None
    searching: Job | None = None
    ready: dict[str, ReadyResult] = field(default_factory=dict)
    _seen_seq: dict[str, int] = field(default_factory=dict)
    _frames_tell_place: dict[str, bool] = field(default_factory=dict)
    _partner_buffer: PartnerBuffer = field(default_factory=PartnerBuffer)
    _last: Job | None = None
    _tickets: int = 0
    _unreported: int = 0

    @classmethod
    def open(cls, name: str, settings: SessionSettings, centres_mm: Mapping[str, Vec3], owner: str = "") -> "Session":
        """Open a session; `centres_mm` holds, by case, the objects' centres in their volumes."""
        followed = [TrackedObject.begin(one, centres_mm[one.case], settings.smoothing) for one in settings.objects]
        return cls(name, settings, {one.case: one for one in followed}, owner)

    @property
    def tracker(self) -> Tracker:
        """The first object's track."""
        return next(iter(self.objects.values())).tracker

    @property
    def cases(self) -> set[str]:
        """Every case that the session needs."""
        return {*self.objects, *self.settings.directions.values()}

    @property
    def in_flight(self) -> int:
        """The number of frames that are neither answered nor dropped yet: 0 to 3 of each camera."""
        return len(self.waiting) + len(self.ready) + (0 if self.running is None else len(self.running.frames))

    @property
    def awaits_first_frame(self) -> bool:
        """Whether no frame has ever come and no stream is attached."""
        return not self.attached and not self.counters["received"]

    @property
    def needs_search(self) -> bool:
        """Whether every object must be searched for in the next frame, which takes far longer than following them."""
        return all(one.tracker.needs_search for one in self.objects.values())

    @property
    def search_is_due(self) -> bool:
        """Whether some objects should be searched for in the last job's frames while others are followed."""
        free = self.searching is None and self._last is not None and not self.absent
        return free and not self.needs_search and any(one.tracker.needs_search for one in self.objects.values())

    def change(self, change: Change, centres_mm: Mapping[str, Vec3]) -> None:
        """Change cameras, starts or objects as a client asks, all or nothing; frames in flight and counters stay.

        Raises
        ------
        UnknownCameraError, UnknownObjectError
            If the session has no such camera or object.
        ConflictError
            If the session has an object that is added, or would have no object or too many.
        InputError
            If a start pose comes without its case though there are several objects.
        """
        cameras = dict(self.settings.cameras)
        for name, camera in change.cameras.items():
            cameras[self.settings.camera_name(name)] = camera
        restarted = objects_to_restart(change, self.objects)
        objects = apply_change(self.objects, change, centres_mm, self.settings.smoothing)
        settings = self.settings
        if change.cameras or change.add or change.remove:
            starts = tuple(ObjectStart(one.case, one.tracker.initial_pose) for one in objects.values())
            settings = replace(settings, cameras=cameras, objects=starts)
        if change.include is not None:
            settings = replace(settings, include=change.include)
        self.settings, self.objects = settings, objects
        for one in restarted:
            one.restart(change.initial_pose)
        if change.cameras:
            self._forget_frames()
            self._frames_tell_place.clear()

    def offer(
        self,
        payload: Any,
        seq: int | None,
        age_ns: int,
        now_ns: int,
        captured_s: float | None = None,
        camera: str | None = None,
        camera_from_world: Mat44 | None = None,
    ) -> tuple[int, list[DroppedFrame]]:
        """Take a frame in or refuse it; return its ticket and the frames that are dropped, which it may be itself."""
        self._tickets += 1
        ticket = self._tickets
        self.counters["received"] += 1
        if self.closed:
            return ticket, [self._drop(ticket, seq, self.closed, closed_error(self.closed))]
        try:
            name = self._name_of_frame(camera, seq, camera_from_world)
        except InputError as refusal:
            return ticket, [self._drop(ticket, seq, "invalid", refusal)]
        if self.settings.policy == "reject" and name in self.waiting:
            full = FrameSupersededError("expected room for one waiting frame, got one that waits already")
            return ticket, [self._drop(ticket, seq, "rejected", full)]
        number = self._seen_seq.get(name, -1) + 1 if seq is None else seq
        self._seen_seq[name] = number
        moment_s = number * FRAME_SECONDS if captured_s is None else captured_s
        captured_ns = now_ns - max(0, age_ns)
        old = self.waiting.get(name)
        self.waiting[name] = ReceivedFrame(
            ticket, number, now_ns, captured_ns, moment_s, payload, name, camera_from_world
        )
        if old is None:
            return ticket, []
        newer = FrameSupersededError("expected to be the newest frame, got a newer one while this one waited")
        return ticket, [self._drop(old.ticket, old.seq, "superseded", newer)]

    def refuse(self, error: FluoroposeError, seq: int | None = None) -> DroppedFrame:
        """Count a message that should have been a frame and is none."""
        self._tickets += 1
        self.counters["received"] += 1
        return self._drop(self._tickets, seq, "invalid", error)

    def refuse_waiting(self, error: FluoroposeError, ticket: int) -> DroppedFrame:
        """Drop a waiting frame because the service is overloaded."""
        frame = next(frame for frame in self.waiting.values() if frame.ticket == ticket)
        del self.waiting[frame.camera]
        return self._drop(frame.ticket, frame.seq, "rejected", error)

    def take(self, now_ns: int) -> tuple[Job | None, list[DroppedFrame]]:
        """Make a job of the waiting frames of one instant; return it, or None, and the frames that are stale."""
        if self.running is not None:
            return None, []
        dropped = []
        for frame in list(self.waiting.values()):
            stale = self._check_age(frame, now_ns)
            if stale is not None:
                del self.waiting[frame.camera]
                dropped.append(self._drop(frame.ticket, frame.seq, "stale_queue", stale))
        if self.waiting:
            self.running = plan_job(self.waiting, self._partner_buffer, self.settings, self.objects)
            for frame in self.running.frames:
                del self.waiting[frame.camera]
        return self.running, dropped

    def take_search(self) -> Job:
        """Return the job that searches in the last job's frames while others are followed; see `search_is_due`."""
        if self._last is None:
            raise AssertionError("expected a frame to search in, got none")
        last, self._last = self._last, None
        self.searching = plan_search(last, self.objects)
        return self.searching

    def end_search(self, seen: Mapping[str, Observation]) -> None:
        """Take the poses that the search found, by case; none if it failed."""
        job, self.searching = self.searching, None
        if job is not None:
            self._update_tracks(job, seen)

    def tracked_cases(self, job: Job) -> list[str]:
        """Return those of a job's cases whose objects the session still follows."""
        tasks = [task.tracked_object for task in job.tasks]
        return [one.case for one in tasks if self.objects.get(one.case) is one]

    def complete(self, done: JobAnswers) -> list[DroppedFrame]:
        """Take the running job's results: update the tracks and make the answers ready; return the dropped frames."""
        job = self._end_running()
        self._update_tracks(job, done.seen)
        self.counters.update(observation.status.value for observation in done.seen.values())
        if not self.absent:
            self._keep_frames(job, done)
        gone = []
        for frame in job.frames:
            if frame.ticket in done.failures:
                gone.append(self._drop(frame.ticket, frame.seq, "invalid", done.failures[frame.ticket]))
            elif self.absent:
                gone.append(self._drop(frame.ticket, frame.seq, self.absent, closed_error(self.absent)))
            else:
                gone += self._store_answer(frame, done.answers[frame.ticket])
        return gone

    def fail(self, error: FluoroposeError, reason: str = "invalid") -> list[DroppedFrame]:
        """Drop the running frames: they cannot be decoded ("invalid"), or the device failed on them ("failed")."""
        return [self._drop(frame.ticket, frame.seq, reason, error) for frame in self._end_running().frames]

    def hand_over(self, now_ns: int, ticket: int | None = None) -> ReadyResult | DroppedFrame | None:
        """Return the answer for the client: that of a ticket, by default of the lowest one; None if none is ready.

        An answer whose frame is stale is dropped, and the dropped frame returned.
        """
        there = [ready for ready in self.ready.values() if ticket in (None, ready.frame.ticket)]
        if not there:
            return None
        ready = min(there, key=lambda one: one.frame.ticket)
        del self.ready[ready.frame.camera]
        stale = self._check_age(ready.frame, now_ns)
        if stale is not None:
            return self._drop(ready.frame.ticket, ready.frame.seq, "stale_emit", stale)
        self.counters["answered"] += 1
        self.last_seq = ready.frame.seq
        dropped, self._unreported = self._unreported, 0
        return ReadyResult(ready.frame, ready.answer, dropped)

    def join(self) -> None:
        """Note that a client is connected, for the first time or again, and takes answers."""
        self.absent, self.attached = "", True

    def leave(self, reason: str) -> list[DroppedFrame]:
        """Note that the client is gone: drop the waiting and ready frames now, the running ones when they are done."""
        self.absent, self.attached = reason, False
        frames = [*self.waiting.values(), *(ready.frame for ready in self.ready.values())]
        self.waiting.clear()
        self.ready.clear()
        self._forget_frames()
        return [self._drop(frame.ticket, frame.seq, reason, closed_error(reason)) for frame in frames]

    def drain(self) -> None:
        """Take no more frames; those in flight are still answered."""
        self.closed = self.closed or "draining"

    def close(self, reason: str) -> list[DroppedFrame]:
        """Take no more frames and answer none; return the frames that are dropped."""
        self.closed = self.closed or reason
        return self.leave(self.closed)

    def _name_of_frame(self, camera: str | None, seq: int | None, camera_from_world: Mat44 | None) -> str:
        """Return the name of a frame's camera, or raise an InputError that says what is wrong with the frame."""
        name = self.settings.camera_name(camera)
        seen = self._seen_seq.get(name, -1)
        if seq is not None and seq <= seen:
            raise SequenceError(f"expected a frame number above {seen}, got {seq}")
        if self.settings.cameras[name].camera_from_world is None:
            require_same_world(self._frames_tell_place, name, camera_from_world)
        return name

    def _keep_frames(self, job: Job, done: JobAnswers) -> None:
        """Keep a job's frames for partners that come late, and for a search."""
        if len(self.settings.cameras) > 1:
            self._partner_buffer.keep(job, done.decoded)
        if len(self.objects) > 1 and done.answers:
            self._last = keep_decoded_frames(job, done.decoded)

    def _forget_frames(self) -> None:
        self._partner_buffer.forget()
        self._last = None

    def _update_tracks(self, job: Job, seen: Mapping[str, Observation]) -> None:
        for task in job.reported_tasks:
            case, observation = task.tracked_object.case, seen.get(task.tracked_object.case)
            if observation is not None and self.objects.get(case) is task.tracked_object:
                pose, status, axes = observation.world_from_volume, observation.status, observation.axes_from_world
                task.tracked_object.tracker.receive(pose, status, job.moment_s, task.plan, job.again, axes)

    def _store_answer(self, frame: ReceivedFrame, answer: Any) -> list[DroppedFrame]:
        """Make an answer ready for the client; return the frame whose answer it replaces, if any."""
        old = self.ready.get(frame.camera)
        self.ready[frame.camera] = ReadyResult(frame, answer)
        if old is None:
            return []
        slow = FrameSupersededError("expected a client that reads, got a newer answer before this one was read")
        return [self._drop(old.frame.ticket, old.frame.seq, "superseded", slow)]

    def _end_running(self) -> Job:
        if self.running is None:
            raise AssertionError("expected a running frame, got none")
        job, self.running = self.running, None
        return job

    def _check_age(self, frame: ReceivedFrame, now_ns: int) -> FrameStaleError | None:
        limit, age_ms = self.settings.max_frame_age_ms, (now_ns - frame.captured_ns) / 1e6
        if limit is None or age_ms <= limit:
            return None
        return FrameStaleError(f"expected a frame of at most {limit:g} ms of age, got {age_ms:.0f} ms")

    def _drop(self, ticket: int, seq: int | None, reason: str, error: FluoroposeError) -> DroppedFrame:
        self.dropped[reason] += 1
        self._unreported += 1
        return DroppedFrame(ticket, seq, reason, error)
