"""Registrations from perturbed starts, on given frames, through any registrar. Pure but for the callables given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Mat44, Points
from fluoropose.evaluate.measures import pose_error
from fluoropose.evaluate.perturb import perturbed
from fluoropose.evaluate.summary import Trial
from fluoropose.geometry.pose6 import Pose6Frame

__all__ = ["Answer", "Truth", "run_starts", "trial_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """A frame and where its object really is."""

    pixels: NDArray[Any]
    camera_from_volume: Mat44


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a registrar said of a frame."""

    camera_from_volume: Mat44
    status: str
    confidence: float
    timing_ms: dict[str, float]


Registrar = Callable[[NDArray[Any], Mat44], Answer]


def trial_of(answer: Answer, truth: Mat44, targets_mm: Points, start: Mat44 | None) -> Trial:
    """Return the errors of an answer, and of its start if there was one."""
    return Trial(
        None if start is None else pose_error(start, truth, targets_mm),
        pose_error(answer.camera_from_volume, truth, targets_mm),
        answer.status,
        answer.confidence,
        answer.timing_ms,
    )


def run_starts(
    truths: list[Truth],
    frame: Pose6Frame,
    targets_mm: Points,
    count: int,
    register: Registrar,
    seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Trial]:
    """Register `count` times from starts of the paper's distribution, going round the frames."""
    trials = []
    for n in range(count):
        truth = truths[n % len(truths)]
        start = perturbed(truth.camera_from_volume, frame, np.random.default_rng([seed, n]))
        answer = register(truth.pixels, start)
        trials.append(trial_of(answer, truth.camera_from_volume, targets_mm, start))
        progress(n + 1, count)
    return trials
