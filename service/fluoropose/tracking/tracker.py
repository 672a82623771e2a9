"""The track of one object: where the next frame starts, and how a result changes the state. No clock is read.

Poses are world_from_volume, so that the frames of several cameras, or of one that moves, make one track. Capture times
are in s. An instant may be answered `again`: when a late frame is registered together with its partner, which was
answered alone before.

state      start of the next frame                      result TRACKING   LOW_CONFIDENCE            LOST
NEW        the client's pose, or a search               TRACKING          SEARCHING                 SEARCHING
TRACKING   the last pose, moved at constant velocity    TRACKING          DOUBTING                  SEARCHING
DOUBTING   the last sure pose, the whole schedule       TRACKING          DOUBTING, after           SEARCHING
                                                                          `PATIENCE` SEARCHING
SEARCHING  a search over the whole frame                TRACKING          DOUBTING if there was a   SEARCHING
                                                                          sure pose
"""

from enum import Enum

import numpy as np

from fluoropose.arrays import Mat33, Mat44, Vec3
from fluoropose.registration.assessment import Status
from fluoropose.registration.plan import Plan
from fluoropose.tracking.motion import MotionLimits, Velocity, estimate_velocity, extrapolate

__all__ = ["FRAME_SECONDS", "PATIENCE", "TrackState", "Tracker"]

PATIENCE = 5
"""After more doubtful frames in a row than this, the whole frame is searched."""

FRAME_SECONDS = 1.0 / 15.0
"""The time assumed between two frames if their capture times are missing or unusable."""


class TrackState(Enum):
    """The state of a track; the module's table says what each means."""

    NEW = "NEW"
    TRACKING = "TRACKING"
    DOUBTING = "DOUBTING"
    SEARCHING = "SEARCHING"


class Tracker:
    """One track. Call `plan` before a frame and `receive` after it."""

    def __init__(self, initial_pose: Mat44 | None, centre_mm: Vec3, limits: MotionLimits | None = None) -> None:
        """Begin at a pose, or with a search if it is None; `centre_mm` is the object's centre in the volume frame."""
        self.centre_mm = np.asarray(centre_mm, np.float64)
        self.limits = limits or MotionLimits()
        self.restarts = -1
        self.last_status: Status | None = None
        self.restart(initial_pose)

    def restart(self, initial_pose: Mat44 | None) -> None:
        """Forget the track and begin again, at a pose or with a search."""
        self.initial_pose = initial_pose
        self.state = TrackState.NEW
        self.restarts += 1
        self.last_pose: Mat44 | None = None
        self._last_captured_s = 0.0
        self._before: tuple[Mat44, float] | None = None
        self._velocity: Velocity | None = None
        self._doubts = 0

    @property
    def needs_search(self) -> bool:
        """Whether the whole next frame is searched for the object, which takes far longer than following it."""
        if self.state is TrackState.NEW:
            return self.initial_pose is None
        return self.state is TrackState.SEARCHING or self.last_pose is None

    def plan(self, captured_s: float, again: bool = False) -> Plan:
        """Return the plan for a frame captured at `captured_s`; `again` says that it is not after the last one."""
        if self.state is TrackState.NEW:
            return Plan(self.initial_pose, False, self.restarts)
        if self.needs_search or self.last_pose is None:
            return Plan(None, False, self.restarts)
        if self.state is TrackState.DOUBTING or self._velocity is None:
            return Plan(self.last_pose, self.state is TrackState.TRACKING, self.restarts)
        ahead = 0.0 if again else self._seconds_since(self._last_captured_s, captured_s)
        return Plan(
            extrapolate(self.last_pose, self._velocity, ahead, self.centre_mm, self.limits), True, self.restarts
        )

    def receive(
        self, pose: Mat44, status: Status, captured_s: float, plan: Plan, again: bool = False, axes: Mat33 | None = None
    ) -> None:
        """Update the track by the result of a frame; a result that was planned before a restart changes nothing.

        `axes`, the rotation of camera_from_world, are the camera's axes, along which motion is limited; None for the
        world's own.
        """
        if plan.restarts != self.restarts:
            return
        self.last_status = status
        if status is Status.TRACKING:
            self._follow(pose, captured_s, again, axes)
            return
        self._doubts += 1
        self._velocity = None
        unsure = status is Status.LOST or self._doubts > PATIENCE or self.last_pose is None
        self.state = TrackState.SEARCHING if unsure else TrackState.DOUBTING

    def is_late(self, captured_s: float, seconds: float) -> bool:
        """Return whether a frame was captured before the last one, or with it, by less than `seconds`.

        A frame that is older by more does not come late: its clock was set.
        """
        return self.last_pose is not None and 0.0 <= self._last_captured_s - captured_s < seconds

    def _follow(self, pose: Mat44, captured_s: float, again: bool, axes: Mat33 | None) -> None:
        self._velocity = None
        tracked = self.state is TrackState.TRACKING and self.last_pose is not None
        if not (again and tracked):
            self._before = (self.last_pose, self._last_captured_s) if tracked and self.last_pose is not None else None
            self._last_captured_s = captured_s
        if self._before is not None:
            before, at = self._before
            seconds = self._seconds_since(at, self._last_captured_s)
            self._velocity = estimate_velocity(before, pose, seconds, self.centre_mm, self.limits, axes)
        self.last_pose = pose
        self.state, self._doubts = TrackState.TRACKING, 0

    @staticmethod
    def _seconds_since(earlier_s: float, captured_s: float) -> float:
        """Return the time between two frames, or `FRAME_SECONDS` if the clock stood, jumped or ran backwards."""
        seconds = captured_s - earlier_s
        return seconds if 1e-3 < seconds < 2.0 else FRAME_SECONDS
