"""A session without I/O: which pose the next frame starts from, and what is remembered of the last. Times in ns.

state      start of the next frame                     goes to
NEW        the client's pose, or a search              TRACKING, DOUBTING or SEARCHING by the frame's status
TRACKING   the last pose moved on at constant speed    TRACKING / DOUBTING / SEARCHING
DOUBTING   the last sure pose, the whole schedule      TRACKING / DOUBTING; SEARCHING after `_PATIENCE` frames
SEARCHING  a search over the whole frame               TRACKING when it is sure, else SEARCHING
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

from fluoropose.arrays import Mat44
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rigid import rigid
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.tracking.quality import Status

__all__ = ["Plan", "Session", "SessionSettings", "SessionState"]

_PATIENCE = 5
"""Doubtful frames in a row after which the whole frame is searched."""


class SessionState(Enum):
    """Where a session stands."""

    NEW = "NEW"
    TRACKING = "TRACKING"
    DOUBTING = "DOUBTING"
    SEARCHING = "SEARCHING"


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
class Plan:
    """How to take the next frame: from `start` (None: search), with the short schedule if `nearby`.

    `restarts` is how often the session had been restarted when the plan was made.
    """

    start: Mat44 | None
    nearby: bool
    restarts: int = 0


@dataclass(slots=True, eq=False, weakref_slot=True)
class Session:
    """State of one session; `plan` before a frame, `receive` after it."""

    name: str
    settings: SessionSettings
    state: SessionState = SessionState.NEW
    last_pose: Mat44 | None = None
    last_status: Status | None = None
    last_seq: int = -1
    counters: Counter[str] = field(default_factory=Counter)
    _before_last: Mat44 | None = None
    _doubts: int = 0
    _restarts: int = 0

    def plan(self) -> Plan:
        """Return where the next frame starts."""
        if self.state is SessionState.NEW:
            return Plan(self.settings.initial_pose, False, self._restarts)
        if self.state is SessionState.SEARCHING or self.last_pose is None:
            return Plan(None, False, self._restarts)
        if self.state is SessionState.DOUBTING:
            return Plan(self.last_pose, False, self._restarts)
        return Plan(self._predicted(self.last_pose), True, self._restarts)

    def receive(self, pose: Mat44, status: Status, seq: int, plan: Plan | None = None) -> None:
        """Take a frame's result into account; one that was planned before a restart is counted and nothing else."""
        self.counters["answered"] += 1
        self.counters[status.value] += 1
        self.last_status, self.last_seq = status, seq
        if plan is not None and plan.restarts != self._restarts:
            return
        if status is Status.TRACKING:
            moving = self.state is SessionState.TRACKING
            self._before_last = self.last_pose if moving else None
            self.last_pose, self.state, self._doubts = pose, SessionState.TRACKING, 0
            return
        self._doubts += 1
        self._before_last = None
        if status is Status.LOST or self._doubts > _PATIENCE or self.last_pose is None:
            self.state = SessionState.SEARCHING
        else:
            self.state = SessionState.DOUBTING

    def restart(self, settings: SessionSettings) -> None:
        """Begin again with new settings (a new pose or a new camera); counters stay."""
        self.settings, self.state = settings, SessionState.NEW
        self._restarts += 1
        self.last_pose, self._before_last, self._doubts = None, None, 0

    def _predicted(self, last: Mat44) -> Mat44:
        """Return the last pose moved on by its last step, rotation and position apart."""
        if self._before_last is None:
            return last
        turn = last[:3, :3] @ self._before_last[:3, :3].T
        return rigid(turn @ last[:3, :3], 2.0 * last[:3, 3] - self._before_last[:3, 3])
