"""The estimate over a window of frames: how their errors hang together, and Gauss-Newton. mm, rad, s.

Twists are (x, y, z mm, rotation vector rad) about the object's centre along the world's axes: the centre moves by t,
the rotation becomes exp(w) R. The frames' errors are not independent. What a network makes of an object seen from one
side is wrong in the same way each time (measured: `docs/several.md`), so a frame's error is taken as

    a bias that all frames from the same side share    with `shared` of the frame's covariance, plus
    noise of its own                                   with the rest,

and the biases are unknowns that are eliminated (Schur complement). Weights are robust, and the covariance grows by as
much as the views disagree more than they should, or the frames of a view do, as when an object taken as still moves
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
"""Information of a standard deviation of 10 m and 10 rad: keeps what no frame has seen finite."""

_ROUNDS = 8
"""Most Gauss-Newton steps, each with new weights: from the last estimate two or three do."""

_STILL_MM, _STILL_RAD = 1e-3, 1e-5
"""A step smaller than this is the last."""

_WITHIN = 2.0
"""Frames of one view may vary by so many times a frame's variance in some direction: a bias changes across a view."""

_MEDIAN, _LIMIT = 5.35, 16.8
"""Median and 99th percentile of chi-squared with six degrees of freedom."""


@dataclass(frozen=True, slots=True)
class Smoothing:
    """How to smooth.

    Attributes
    ----------
    window_s : frames older than this against the newest are forgotten
    motion : "still", one pose for the whole window; "moving", constant velocity, answered at the newest time
    most_frames : bound of the work; beyond it the view with most frames loses its oldest
    same_view_deg : frames that see the object from within this angle share their bias
    shared : part of a frame's error covariance that is such a bias
    restart_after : so many outliers in a row, the newest, mean that the object has gone elsewhere: start afresh
    acceleration_mm_per_s2, turn_acceleration_deg_per_s2 : how far a moving object leaves constant velocity
    limits : the fastest motion there is
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
        """Refuse what cannot be meant."""
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
    """A frame of the window: time, centre and rotation, the information (6, 6) of their error, its view's number."""

    moment_s: float
    centre_mm: Vec3
    rotation: Mat33
    information: Float64
    view: int


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """Where the object is at a time: `velocity` (6,) is a twist per second."""

    moment_s: float
    centre_mm: Vec3
    rotation: Mat33
    velocity: Float64

    def extrapolate(self, moment_s: float) -> "State":
        """Return the state at another time."""
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
    """The state at the newest frame, the covariance (6, 6) of its pose, and each frame's weight, 0 to 1."""

    state: State
    covariance: Float64
    weights: Float64


@dataclass(frozen=True, slots=True, eq=False)
class _Window:
    """The frames as arrays: `basis` (n, 1 or 2) takes the unknowns to a frame, `of_view` (views, n) is 1 or 0."""

    moments_s: Float64
    centres_mm: Float64
    rotations: Float64
    information: Float64
    drift: Float64
    basis: Float64
    of_view: Float64


def estimate(frames: list[WindowEntry], start: State, settings: Smoothing) -> Estimate:
    """Return the best pose, and velocity if it moves, of frames in order of time, from a start at the newest.

    Cost: some hundred microseconds for a window of 60 frames.
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
    """Normal equations without the biases, and sums of squares over what was expected.

    `between` is that of the biases in all six directions, `within` that of the frames about their view's bias, in the
    direction where each view's vary most.
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
    """Return what each frame saw less what the state says, as twists (n, 6)."""
    ahead = (window.moments_s - state.moment_s)[:, None] * state.velocity
    turned = from_rotation_vectors(ahead[:, 3:]) @ state.rotation
    off = to_rotation_vectors(window.rotations @ turned.transpose(0, 2, 1))
    return np.hstack([window.centres_mm - state.centre_mm - ahead[:, :3], off])


def _weights(window: _Window, residuals: Float64) -> Float64:
    """Return 1 for frames like most and less for outliers, (n,): their pull falls as they lie further off.

    What is usual is the median's, not less than what the information says.
    """
    whole = _add_drift(window.information, window.drift)
    squares = np.einsum("ni,nij,nj->n", residuals, whole, residuals)
    usual = max(1.0, float(np.median(squares)) / _MEDIAN)
    weights: Float64 = 1.0 / np.maximum(1.0, squares / (_LIMIT * usual))
    return weights


def _add_drift(information: Float64, drift: Float64) -> Float64:
    """Return the information (n, 6, 6) of errors that have grown by variances `drift` (n, 6)."""
    if not drift.any():
        return information
    return np.asarray(np.linalg.solve(np.eye(6) + information * drift[:, None, :], information))


def _eliminate_biases(window: _Window, weights: Float64, residuals: Float64, shared: float) -> _System:
    """Return the normal equations of the unknowns with each view's bias eliminated.

    With A the information of a frame's own noise, B that of its view's bias, sums over the view's frames:
    N = sum A - sum A (sum A + B)^-1 sum A, and the same for the right side.
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
    """Return by how much views, or the frames of a view, vary more than they should; never less than 1."""
    views = int(((window.of_view * weights).max(axis=1) > 0.1).sum())
    free, more = 6 * views - len(system.vector), int((weights > 0.1).sum()) - views
    between = system.between / free if free > 0 else 1.0
    return max(1.0, between, system.within / (_WITHIN * more) if more > 0 else 1.0)
