"""The estimate over a window of frames: the model of their errors, and Gauss-Newton. Units: mm, rad, s.

A twist (x, y, z in mm, rotation vector w in rad) is about the object's centre, along the world's axes: it adds x, y, z
to the centre and turns the rotation R into exp(w) R. The frames' errors are not independent: seen from one side, a
network errs in the same way in every frame (measured: `docs/explanation/windows.md`). So a frame's error is modelled
as the sum of

    a bias that all frames from the same side share    with the share `shared` of the frame's covariance, and
    noise of the frame's own                           with the rest.

The biases are unknowns that are eliminated (Schur complement). Weights are robust. If the views, or the frames of one
view, disagree more than the model says, as when an object taken as still moves, the covariance is scaled up by as much
(Birge, Phys Rev 40, 207, 1932).
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from fluoropose.arrays import Float64, Mat33, Vec3
from fluoropose.errors import InputError
from fluoropose.geometry.batched_rotation import from_rotation_vectors, to_rotation_vectors
from fluoropose.geometry.rotation import from_rotation_vector
from fluoropose.tracking.motion import MotionLimits

__all__ = ["Estimate", "FLOOR", "Smoothing", "State", "WindowEntry", "estimate"]

FLOOR: Float64 = np.diag([1e-8, 1e-8, 1e-8, 1e-2, 1e-2, 1e-2])
"""Information of a standard deviation of 10 m and 10 rad: it keeps a direction that no frame has seen finite."""

_ROUNDS = 8
"""The most Gauss-Newton steps, each with new weights; from the last estimate two or three suffice."""

_STILL_MM, _STILL_RAD = 1e-3, 1e-5
"""A step smaller than both ends the iteration."""

_WITHIN = 2.0
"""The frames of one view may vary by this many times their variance in some direction: the bias varies in a view."""

_MEDIAN, _LIMIT = 5.35, 16.8
"""The median and the 99th percentile of chi-squared with six degrees of freedom."""


@dataclass(frozen=True, slots=True)
class Smoothing:
    """The settings of smoothing.

    Attributes
    ----------
    window_s : frames older than the newest by more than this are forgotten
    motion : "still", one pose for the whole window, or "moving", constant velocity and the pose at the newest frame
    most_frames : the most frames in a window; beyond it the view with most frames loses its oldest
    same_view_deg : frames whose directions of view differ by less than this share their bias
    shared : the share of a frame's error covariance that is the bias
    restart_after : if the newest frames, this many in a row, are outliers, the window restarts with them
    acceleration_mm_per_s2, turn_acceleration_deg_per_s2 : the accelerations that a moving object may have
    limits : the largest speeds that an object may have
    """

    window_s: float = 5.0
    motion: Literal["still", "moving"] = "still"
    most_frames: int = 96
    same_view_deg: float = 10.0
    shared: float = 0.95
    restart_after: int = 4
    acceleration_mm_per_s2: float = 100.0
    turn_acceleration_deg_per_s2: float = 60.0
    limits: MotionLimits = field(default_factory=MotionLimits)

    def __post_init__(self) -> None:
        """Raise InputError if a number is out of its range."""
        if not (np.isfinite(self.window_s) and self.window_s > 0):
            raise InputError(f"smoothing window_s must be positive seconds, got {self.window_s}")
        if self.motion not in ("still", "moving"):
            raise InputError(f"smoothing motion must be still or moving, got {self.motion!r}")
        if self.most_frames < 2:
            raise InputError(f"smoothing most_frames must be 2 or more, got {self.most_frames}")
        if not 0.0 < self.shared < 1.0:
            raise InputError(f"smoothing shared must be between 0 and 1, got {self.shared}")


@dataclass(frozen=True, slots=True, eq=False)
class WindowEntry:
    """A frame of the window: time, the object's centre and rotation, their information (6, 6), its view's number."""

    moment_s: float
    centre_mm: Vec3
    rotation: Mat33
    information: Float64
    view: int


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """The object's centre and rotation at a time, and its `velocity`, a twist per second, shape (6,)."""

    moment_s: float
    centre_mm: Vec3
    rotation: Mat33
    velocity: Float64

    def extrapolate(self, moment_s: float) -> "State":
        """Return the state at another time, at the same velocity."""
        ahead = self.velocity * (moment_s - self.moment_s)
        turned = from_rotation_vector(ahead[3:]) @ self.rotation
        return State(moment_s, self.centre_mm + ahead[:3], turned, self.velocity)

    def apply_step(self, step: Float64) -> "State":
        """Return the state after a step of the unknowns, shape (6,) or (12,)."""
        velocity = self.velocity + step[6:] if len(step) > 6 else self.velocity
        turned = from_rotation_vector(step[3:6]) @ self.rotation
        return State(self.moment_s, self.centre_mm + step[:3], turned, velocity)


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """The state at the newest frame, the covariance (6, 6) of its pose's error, and each frame's weight, 0 to 1."""

    state: State
    covariance: Float64
    weights: Float64


@dataclass(frozen=True, slots=True, eq=False)
class _Window:
    """The n frames of a window as arrays.

    `drift` (n, 6) are the variances by which a moving object may have left constant velocity. `basis` (n, 1 or 2) holds
    the factors of pose and velocity in a frame's residual. `of_view` (views, n) is 1 where a frame is of a view.
    """

    moments_s: Float64
    centres_mm: Float64
    rotations: Float64
    information: Float64
    drift: Float64
    basis: Float64
    of_view: Float64


def estimate(frames: list[WindowEntry], start: State, settings: Smoothing) -> Estimate:
    """Return the estimate of pose and, for a moving object, velocity from frames in order of time.

    `start` is a state at the time of the newest frame. A window of 60 frames takes some hundred microseconds.
    """
    window = _stack_frames(frames, settings)
    prior = _prior(settings)
    state = start
    for _ in range(_ROUNDS):
        residuals = _residuals(window, state)
        weights = _weights(window, residuals)
        system = _eliminate_biases(window, weights, residuals, settings.shared)
        normal = system.normal + prior
        pulled = system.vector
        if len(pulled) > 6:
            pulled = pulled - prior[:, 6:] @ state.velocity
        step = np.linalg.solve(normal, pulled)
        state = state.apply_step(step)
        if np.abs(step[:3]).max() < _STILL_MM and np.abs(step[3:6]).max() < _STILL_RAD:
            break
    covariance = np.linalg.inv(normal)[:6, :6] * _disagreement(system, weights, window)
    return Estimate(state, 0.5 * (covariance + covariance.T), weights)


@dataclass(frozen=True, slots=True, eq=False)
class _System:
    """The normal equations without the biases, and two sums of squares in units of the variances in the model.

    `between` is the sum over the biases, in all six directions. `within` is the sum over the frames, about their view's
    bias, in the direction in which each view varies most.
    """

    normal: Float64
    vector: Float64
    between: float
    within: float


def _stack_frames(frames: list[WindowEntry], settings: Smoothing) -> _Window:
    moments = np.array([frame.moment_s for frame in frames])
    ages = moments - moments[-1]
    moving = settings.motion == "moving"
    numbers = np.array([frame.view for frame in frames])
    drift = np.zeros((len(frames), 6))
    if moving:
        drift[:, :3] = (0.5 * settings.acceleration_mm_per_s2 * ages**2)[:, None] ** 2
        drift[:, 3:] = (0.5 * np.deg2rad(settings.turn_acceleration_deg_per_s2) * ages**2)[:, None] ** 2
    return _Window(
        moments,
        np.array([frame.centre_mm for frame in frames]),
        np.array([frame.rotation for frame in frames]),
        np.array([frame.information for frame in frames]),
        drift,
        np.stack([np.ones_like(ages), ages], axis=1) if moving else np.ones((len(frames), 1)),
        (np.unique(numbers)[:, None] == numbers[None, :]).astype(np.float64),
    )


def _prior(settings: Smoothing) -> Float64:
    if settings.motion == "still":
        return FLOOR
    most = np.deg2rad(settings.limits.out_of_plane_deg_per_s)
    information = np.repeat([settings.limits.across_mm_per_s**-2.0, most**-2.0], 3)
    return np.diag(np.concatenate([np.diag(FLOOR), information]))


def _residuals(window: _Window, state: State) -> Float64:
    """Return the residuals, frame less state, as twists (n, 6)."""
    ahead = (window.moments_s - state.moment_s)[:, None] * state.velocity
    turned = from_rotation_vectors(ahead[:, 3:]) @ state.rotation
    off = to_rotation_vectors(window.rotations @ turned.transpose(0, 2, 1))
    return np.hstack([window.centres_mm - state.centre_mm - ahead[:, :3], off])


def _weights(window: _Window, residuals: Float64) -> Float64:
    """Return the frames' weights, (n,): 1, but less for outliers, the less the further off they are.

    A squared residual counts in units of the median one, or of what the information says if that is larger.
    """
    whole = _add_drift(window.information, window.drift)
    squares = np.einsum("ni,nij,nj->n", residuals, whole, residuals)
    usual = max(1.0, float(np.median(squares)) / _MEDIAN)
    weights: Float64 = 1.0 / np.maximum(1.0, squares / (_LIMIT * usual))
    return weights


def _add_drift(information: Float64, drift: Float64) -> Float64:
    """Return the information (n, 6, 6) of errors to which the variances `drift` (n, 6) are added."""
    if not drift.any():
        return information
    return np.asarray(np.linalg.solve(np.eye(6) + information * drift[:, None, :], information))


def _eliminate_biases(window: _Window, weights: Float64, residuals: Float64, shared: float) -> _System:
    """Return the normal equations of the unknowns with each view's bias eliminated.

    Let A be the information of a frame's own noise, B that of its view's bias, and sum over the view's frames. Then the
    view adds N = sum A - sum A (sum A + B)^-1 sum A, and the right side is reduced likewise.
    """
    weighted = weights[:, None, None] * window.information
    own = _add_drift(weighted / (1.0 - shared), window.drift)
    share = window.of_view * weights
    bias = _sum_per_view(share / share.sum(axis=1, keepdims=True), weighted) / shared
    pulls = np.einsum("nij,nj->ni", own, residuals)
    count = window.basis.shape[1]
    coupled = np.concatenate([_sum_per_view(window.of_view * window.basis[:, n], own) for n in range(count)], axis=2)
    pulled = window.of_view @ pulls
    solved = np.linalg.solve(coupled[:, :, :6] + bias, np.concatenate([coupled, pulled[:, :, None]], axis=2))
    taken = np.einsum("vji,vjk->ik", coupled, solved)
    whole = np.einsum("na,nb,nij->aibj", window.basis, window.basis, own).reshape(6 * count, 6 * count)
    vector = np.einsum("na,ni->ai", window.basis, pulls).ravel() - taken[:, -1]
    biases = solved[:, :, -1]
    between = float(np.einsum("vi,vij,vj->", biases, bias, biases))
    spread = residuals - window.of_view.T @ biases
    usual = _sum_per_view(share / share.sum(axis=1, keepdims=True), _add_drift(weighted, window.drift))
    squares = _sum_per_view(window.of_view, spread[:, :, None] * spread[:, None, :])
    within = float(np.abs(np.linalg.eigvals(usual @ squares)).max(axis=1).sum())
    return _System(whole - taken[:, :-1], vector, between, within)


def _sum_per_view(of_view: Float64, matrices: Float64) -> Float64:
    """Return sums (views, 6, 6) of matrices (n, 6, 6) with weights (views, n)."""
    summed: Float64 = (of_view @ matrices.reshape(len(matrices), 36)).reshape(-1, 6, 6)
    return summed


def _disagreement(system: _System, weights: Float64, window: _Window) -> float:
    """Return the factor by which views, or the frames of a view, vary more than the model expects; at least 1."""
    views = int(((window.of_view * weights).max(axis=1) > 0.1).sum())
    free, more = 6 * views - len(system.vector), int((weights > 0.1).sum()) - views
    between = system.between / free if free > 0 else 1.0
    return max(1.0, between, system.within / (_WITHIN * more) if more > 0 else 1.0)
