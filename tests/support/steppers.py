"""Steppers that wrap or stand in for another: one that notes what it is asked for, one with a presence as told."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float32, Float64
from fluoropose.registration.regression.step import AbstractStepper, Regression
from fluoropose.registration.resident_case import ResidentCase

__all__ = ["FixedPresenceStepper", "RecordingStepper", "Visit", "recorded_case", "schedule_of"]


@dataclass(slots=True, eq=False)
class Visit:
    """Frames that were put on a stepper, and the networks that were stepped on them, in their order."""

    label: str
    frames: Float32
    networks: list[str] = field(default_factory=list)


class RecordingStepper(AbstractStepper):
    """Passes everything on to another stepper, and notes it in `visits`, which its copies for other threads share."""

    def __init__(self, inner: AbstractStepper, label: str = "", visits: list[Visit] | None = None) -> None:
        self.visits: list[Visit] = [] if visits is None else visits
        self._inner, self._label, self._visit = inner, label, Visit(label, np.zeros((0, 0, 0), np.float32))

    def put_frames(self, line_integrals: Float32) -> None:
        self._visit = Visit(self._label, line_integrals.copy())
        self.visits.append(self._visit)
        self._inner.put_frames(line_integrals)

    def step(
        self, stage: str, homographies: Float64, view_index: NDArray[np.int64], frame_index: NDArray[np.int64]
    ) -> Regression:
        self._visit.networks.append(stage)
        return self._inner.step(stage, homographies, view_index, frame_index)

    def another(self) -> "RecordingStepper":
        return RecordingStepper(self._inner.another(), self._label, self.visits)


class FixedPresenceStepper(AbstractStepper):
    """Steps as another stepper, but with a presence as told: networks of tests are not trained to tell it."""

    def __init__(self, inner: AbstractStepper, presence: float) -> None:
        self._inner, self._presence = inner, presence

    def put_frames(self, line_integrals: Float32) -> None:
        self._inner.put_frames(line_integrals)

    def step(
        self, stage: str, homographies: Float64, view_index: NDArray[np.int64], frame_index: NDArray[np.int64]
    ) -> Regression:
        seen = self._inner.step(stage, homographies, view_index, frame_index)
        return replace(seen, presence=np.full_like(seen.presence, self._presence))

    def another(self) -> "FixedPresenceStepper":
        return FixedPresenceStepper(self._inner.another(), self._presence)


def recorded_case(
    resident: ResidentCase, visits: list[Visit], label: str = "", presence: float | None = None
) -> ResidentCase:
    """Return a resident case over the same networks whose steps are noted in `visits`."""
    inner = resident.stepper.another()
    if presence is not None:
        inner = FixedPresenceStepper(inner, presence)
    return ResidentCase(resident.case, RecordingStepper(inner, label, visits))


def schedule_of(networks: Sequence[str]) -> str:
    """Return which schedule networks were stepped by: "coarse" or "fine" steps only, "tracking", or the "whole" one.

    The schedule near a pose has one coarse step, that from a rough start at least three.
    """
    coarse, fine = networks.count("coarse"), networks.count("fine")
    if not coarse or not fine:
        return "coarse" if coarse else "fine"
    return "tracking" if coarse == 1 else "whole"
