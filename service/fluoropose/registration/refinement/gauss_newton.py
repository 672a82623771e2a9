"""The one driver of every refinement: Gauss-Newton steps on a cost, with a prior, until they no longer change the pose.

A cost (`costs/`) linearises the pictures about a pose: an information matrix and a vector for a small change of its
parameters, of which the first six are the pose's. Further unknowns (the floor of scatter, a second body) are solved
with them and marginalised. The prior is what was believed before, about a pose of its own. Where the pictures agree
less at the end than at the start, the start is the answer. Lengths in mm, angles in rad.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fluoropose.arrays import Float64, Mat44

__all__ = [
    "AbstractCost",
    "Equations",
    "NewtonStep",
    "Parameters",
    "Prior",
    "Solution",
    "Stop",
    "minimise",
    "newton_step",
]

_POSE = slice(0, 6)


class Parameters(Protocol):
    """Six parameters about a pose, whose own parameters are `origin` (6,): the change of parametrisation."""

    @property
    def origin(self) -> Float64:
        """The parameters of the pose itself."""

    def pose_at(self, parameters: Float64) -> Mat44:
        """Return the pose that has these parameters, (6,)."""

    def parameters_of(self, pose: Mat44) -> Float64:
        """Return the parameters of a pose, (6,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Equations:
    """What pictures say of a change from the pose: `information` (n, n) and `vector` (n,), the first six the pose's.

    `agreement` tells how well the pictures agree at the pose, the more the better. `longest` (n,) bounds a step.
    """

    information: Float64
    vector: Float64
    agreement: float
    parameters: Parameters
    longest: Float64 | None = None


@dataclass(frozen=True, slots=True, eq=False)
class NewtonStep:
    """The solution of one set of equations with the prior.

    `change` (n,) is that of all unknowns, `parameters` (6,) are the pose's after it, `information` (6, 6) is what is
    known of the pose whatever the other unknowns are. `all_information` (n, n) is that of all of them.
    """

    change: Float64
    parameters: Float64
    information: Float64
    all_information: Float64

    @property
    def errors(self) -> float:
        """The length of the pose's change in expected errors."""
        pose = self.change[_POSE]
        return float(np.sqrt(pose @ self.information @ pose))


class AbstractCost(ABC):
    """What is minimised over a pose. A cost may keep what else it fits (a floor of scatter) from step to step."""

    @abstractmethod
    def evaluate(self, pose: Mat44) -> Equations:
        """Return the equations about a pose."""

    def accept(self, step: NewtonStep) -> None:  # noqa: B027  (most costs fit nothing else)
        """Take over a step's change of what else is fitted."""

    def polish(self, equations: Equations, step: NewtonStep) -> NewtonStep:
        """Return the last step, made more exact where the equations leave something out."""
        return step


@dataclass(frozen=True, slots=True, eq=False)
class Prior:
    """Information (6, 6) about a `pose`; about the pose that is evaluated where that is None."""

    information: Float64
    pose: Mat44 | None = None

    def add_to(self, equations: Equations) -> tuple[Float64, Float64]:
        """Return the information (n, n) and vector (n,) of equations and prior together."""
        information, vector = equations.information.copy(), equations.vector.copy()
        information[_POSE, _POSE] += self.information
        if self.pose is not None:
            believed = equations.parameters.parameters_of(self.pose) - equations.parameters.origin
            vector[_POSE] += self.information @ believed
        return information, vector


@dataclass(frozen=True, slots=True)
class Stop:
    """When the steps end.

    At most `most_steps` are taken. One shorter than `settled_errors` (in expected errors) is the last, but not one of
    the first `least_steps - 1`. An end is an answer only if it agrees at most `worse` less than the start did.
    """

    most_steps: int
    settled_errors: float
    least_steps: int = 1
    worse: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Where the steps ended: `pose`, reached from `before` by the last `step` of `steps`.

    `agreements` holds one per step, that before it. `improved` is False where the pictures agree less at the end.
    """

    pose: Mat44
    before: Mat44
    step: NewtonStep
    equations: Equations
    agreements: tuple[float, ...]
    improved: bool

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return len(self.agreements)


def minimise(cost: AbstractCost, start: Mat44, prior: Prior, stop: Stop) -> Solution:
    """Take Gauss-Newton steps on a cost from a pose, (4, 4).

    Parameters
    ----------
    cost : what is linearised at each pose
    start : the first pose, of the kind that the cost is evaluated at (camera_from_volume or world_from_volume)
    prior : what is believed of the pose before the pictures are asked
    stop : when the steps end
    """
    pose, agreements = start, []
    while True:
        equations = cost.evaluate(pose)
        agreements.append(equations.agreement)
        step = newton_step(equations, prior)
        settled = len(agreements) >= stop.least_steps and step.errors < stop.settled_errors
        if settled:
            step = cost.polish(equations, step)
        cost.accept(step)
        before, pose = pose, equations.parameters.pose_at(step.parameters)
        if settled or len(agreements) == stop.most_steps:
            break
    improved = not agreements[-1] < agreements[0] - stop.worse
    return Solution(pose, before, step, equations, tuple(agreements), improved)


def newton_step(equations: Equations, prior: Prior) -> NewtonStep:
    """Return the step that solves equations and prior, bounded, with the other unknowns marginalised."""
    information, vector = prior.add_to(equations)
    change = np.linalg.solve(information, vector)
    if equations.longest is not None:
        change = np.clip(change, -equations.longest, equations.longest)
    own = information[_POSE, _POSE]
    if len(vector) > len(own):
        rest = slice(len(own), None)
        own = own - information[_POSE, rest] @ np.linalg.solve(information[rest, rest], information[rest, _POSE])
    return NewtonStep(change, equations.parameters.origin + change[_POSE], own, information)
