"""Registrations from perturbed starts, on given frames, through any registrar. Pure but for the callables given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float64, Mat44, Points
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.evaluation.metrics.summary import Trial
from fluoropose.evaluation.start_errors import PAPER_SIGMAS, perturb
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.pose6 import Pose6Frame, pose_from_six, six_from_pose

__all__ = [
    "Record",
    "Registrar",
    "StartPlan",
    "TrialKey",
    "TrialResult",
    "TrialSetup",
    "Truth",
    "run_starts",
    "run_trial",
    "trial_of",
]


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """A frame and where its object really is."""

    pixels: NDArray[Any]
    camera_from_volume: Mat44


@dataclass(frozen=True, slots=True, eq=False)
class TrialResult:
    """What a registrar said of a frame."""

    camera_from_volume: Mat44
    status: str
    confidence: float
    timing_ms: dict[str, float]


Registrar = Callable[[NDArray[Any], Camera, Mat44], TrialResult]
"""A method: frame, camera and start pose in, answer out."""


@dataclass(frozen=True, slots=True)
class TrialKey:
    """One trial to be run: the n-th start of a method at a `spread`, a multiple of the paper's start errors."""

    method: str
    spread: float
    index: int


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A trial that was run: its key, its frame, its errors, the six parameters found, why it failed ("" if it did not).

    A method that gives no pose leaves the object where it was believed: its pose is the start and it has not succeeded.
    """

    key: TrialKey
    frame: int
    trial: Trial
    found_six: Float64
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class StartPlan:
    """Where trials start: drawn from `seed` with the paper's distribution, or at given `offsets` (n, 6)."""

    seed: int
    offsets: Float64 | None = None

    def start(self, key: TrialKey, truth: Mat44, frame: Pose6Frame) -> Mat44:
        """Return the start of a trial; what ran before changes nothing."""
        if self.offsets is not None:
            return pose_from_six(six_from_pose(truth, frame) + self.offsets[key.index], frame)
        # The paper's own spread draws as it always did; wider ones draw other directions, so that they add to it.
        seeds = [self.seed, key.index] if key.spread == 1.0 else [self.seed, key.index, round(1000 * key.spread)]
        return perturb(truth, frame, np.random.default_rng(seeds), key.spread * PAPER_SIGMAS)


@dataclass(frozen=True, slots=True, eq=False)
class TrialSetup:
    """What the trials of one case share: frames with their truths, the camera, where starts lie, what errors count.

    `frame` is that of the six parameters; `targets_mm` (n, 3) are the points in the volume whose errors are taken.
    """

    truths: list[Truth]
    camera: Camera
    frame: Pose6Frame
    targets_mm: Points
    starts: StartPlan


def trial_of(answer: TrialResult, truth: Mat44, targets_mm: Points, start: Mat44 | None) -> Trial:
    """Return the errors of an answer, and of its start if there was one."""
    return Trial(
        None if start is None else pose_error(start, truth, targets_mm),
        pose_error(answer.camera_from_volume, truth, targets_mm),
        answer.status,
        answer.confidence,
        answer.timing_ms,
    )


def run_trial(key: TrialKey, setup: TrialSetup, register: Registrar) -> Record:
    """Run one trial; whatever a method raises is its failure, with the reason, and ends no run."""
    number = key.index % len(setup.truths)
    truth = setup.truths[number]
    start = setup.starts.start(key, truth.camera_from_volume, setup.frame)
    reason = ""
    try:
        answer = register(truth.pixels, setup.camera, start)
        if not np.isfinite(answer.camera_from_volume).all():
            raise ArithmeticError("expected a finite pose, got NaN or infinity")
    except Exception as error:  # a method under test may fail in any way
        reason = f"{type(error).__name__}: {error}"
        answer = TrialResult(start, "FAILED", 0.0, {})
    trial = trial_of(answer, truth.camera_from_volume, setup.targets_mm, start)
    return Record(key, number, trial, six_from_pose(answer.camera_from_volume, setup.frame), reason)


def run_starts(
    truths: list[Truth],
    frame: Pose6Frame,
    targets_mm: Points,
    count: int,
    register: Callable[[NDArray[Any], Mat44], TrialResult],
    seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Trial]:
    """Register `count` times from starts of the paper's distribution, going round the frames."""
    trials = []
    for n in range(count):
        truth = truths[n % len(truths)]
        start = perturb(truth.camera_from_volume, frame, np.random.default_rng([seed, n]))
        answer = register(truth.pixels, start)
        trials.append(trial_of(answer, truth.camera_from_volume, targets_mm, start))
        progress(n + 1, count)
    return trials
