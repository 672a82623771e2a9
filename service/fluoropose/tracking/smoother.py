"""Smoothing: one pose from a window of frames, an estimate on SE(3). Lengths in mm, angles in rad, times in s.

A camera that moves round an object sees its depth from the side. One that stands still does not, however many frames it
takes. The model of the frames' errors in `tracking.window` accounts for that.
"""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Float64, Mat44, Vec3, make_read_only
from fluoropose.geometry.rigid import rigid, transform
from fluoropose.tracking.window import FLOOR, Estimate, Smoothing, State, WindowEntry, estimate

__all__ = ["Smoother", "Smoothing", "WindowPose"]

_REJECTED = 0.1
"""A frame with a smaller weight is an outlier."""

_ROUNDING = 1e-9
"""Rounding may leave the smallest eigenvalue of an information matrix negative by this share of the largest."""

_TRACE = 1e-4
"""This share of `FLOOR` is added to every frame's information."""


@dataclass(frozen=True, slots=True, eq=False)
class WindowPose:
    """The smoothed pose at the window's newest frame.

    `covariance`, shape (6, 6), is that of the pose's error as a twist. `frames` is how many frames were no outliers,
    and `views` how many different sides they see.
    """

    world_from_volume: Mat44
    covariance: Float64
    frames: int
    views: int

    def sigma_along_mm(self, direction_world: Vec3) -> float:
        """Return the standard deviation in mm of the centre along a direction in the world, such as a ray."""
        unit = direction_world / np.linalg.norm(direction_world)
        return float(np.sqrt(unit @ self.covariance[:3, :3] @ unit))


class Smoother:
    """The window of one object; `add` takes each frame's pose and returns the smoothed one."""

    def __init__(self, centre_mm: Vec3, settings: Smoothing = Smoothing()) -> None:
        """Begin with an empty window; `centre_mm` is the object's centre in the volume frame."""
        self.centre_mm = np.asarray(centre_mm, np.float64)
        self.settings = settings
        self.restart()

    def restart(self) -> None:
        """Forget all frames."""
        self._frames: list[WindowEntry] = []
        self._sides: dict[int, Vec3] = {}
        self._next_side = 0
        self._last: Estimate | None = None
        self._outliers = 0

    def add(
        self, moment_s: float, world_from_volume: Mat44, information: Float64, camera_from_world: Mat44
    ) -> WindowPose:
        """Take a frame's pose into the window and return the smoothed pose.

        `information`, shape (6, 6), is the inverse of the covariance of the pose's error. A frame is left out if its
        time, pose or information is not finite, or its information is negative in some direction. A frame that comes
        late is sorted in by its time. A frame older than the whole window means that the clock was set, and empties the
        window first.
        """
        checked = _check_information(information)
        places = np.concatenate([world_from_volume, camera_from_world])
        if checked is None or not (np.isfinite(moment_s) and np.isfinite(places).all()):
            return self._summarise(world_from_volume)
        if self._frames and moment_s < self._frames[-1].moment_s - self.settings.window_s:
            self.restart()
        centre, rotation = transform(world_from_volume, self.centre_mm), world_from_volume[:3, :3]
        source = -camera_from_world[:3, :3].T @ camera_from_world[:3, 3]
        frame = WindowEntry(moment_s, centre, rotation, checked, self._find_side(rotation.T @ (source - centre)))
        self._frames = sorted([*self._frames, frame], key=lambda kept: kept.moment_s)
        self._forget_old_frames()
        self._last = self._estimate()
        self._restart_after_outliers(frame, self._last.weights)
        return self._summarise(world_from_volume)

    def _find_side(self, direction: Vec3) -> int:
        """Return the number of the side that the source is on, a new number if no known side is near.

        `direction` leads from the object to the source, in the volume frame.
        """
        unit = direction / max(float(np.linalg.norm(direction)), 1e-9)
        used = {kept.view for kept in self._frames}
        self._sides = {number: known for number, known in self._sides.items() if number in used}
        if self._sides:
            number = max(self._sides, key=lambda known: float(self._sides[known] @ unit))
            if self._sides[number] @ unit >= np.cos(np.deg2rad(self.settings.same_view_deg)):
                return number
        self._next_side += 1
        self._sides[self._next_side] = unit
        return self._next_side

    def _forget_old_frames(self) -> None:
        oldest = self._frames[-1].moment_s - self.settings.window_s
        self._frames = [kept for kept in self._frames if kept.moment_s >= oldest]
        if len(self._frames) > self.settings.most_frames:
            views = [kept.view for kept in self._frames]
            fullest = max(set(views), key=lambda view: (views.count(view), -view))
            del self._frames[views.index(fullest)]

    def _estimate(self) -> Estimate:
        """Return the window's estimate, started at the last one, or at the newest frame if there is none."""
        newest = self._frames[-1]
        start = State(newest.moment_s, newest.centre_mm, newest.rotation, np.zeros(6))
        return estimate(
            self._frames, start if self._last is None else self._last.state.extrapolate(newest.moment_s), self.settings
        )

    def _restart_after_outliers(self, frame: WindowEntry, weights: Float64) -> None:
        """Keep only the newest frames if as many of them as `restart_after` says are outliers in a row."""
        weight = next((weight for kept, weight in zip(self._frames, weights, strict=True) if kept is frame), 1.0)
        self._outliers = self._outliers + 1 if weight < _REJECTED else 0
        if self._outliers >= self.settings.restart_after:
            self._frames, self._last = self._frames[-self._outliers :], None
            self._outliers = 0
            self._last = self._estimate()

    def _summarise(self, world_from_volume: Mat44) -> WindowPose:
        if self._last is None:
            return WindowPose(world_from_volume, np.linalg.inv(FLOOR), 0, 0)
        state, counted = self._last.state, self._last.weights >= _REJECTED
        pose = rigid(state.rotation, state.centre_mm - state.rotation @ self.centre_mm)
        sides = {kept.view for kept, counts in zip(self._frames, counted, strict=True) if counts}
        return WindowPose(make_read_only(pose), make_read_only(self._last.covariance), int(counted.sum()), len(sides))


def _check_information(information: Float64) -> Float64 | None:
    """Return the information made symmetric, with a share of `FLOOR` added; None if it is no information matrix."""
    if information.shape != (6, 6) or not np.isfinite(information).all():
        return None
    symmetric = 0.5 * (information + information.T)
    smallest, *_, largest = np.linalg.eigvalsh(symmetric)
    if largest <= 0.0 or smallest < -_ROUNDING * largest:
        return None
    checked: Float64 = symmetric + _TRACE * FLOOR
    return checked
