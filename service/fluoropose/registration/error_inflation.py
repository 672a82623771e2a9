"""By how much stated errors are inflated, from evidence that every answer has. Pure.

A stated deviation s becomes s exp(a + b u), where u = 1 - likeness is how unlike the frame and the object's view are
at the pose, at most `MOST_UNLIKE`. There is an (a, b) for each of in-plane, depth and rotation. They are fitted so that
one and 1.645 deviations cover 68.3 and 90 % of the errors of the stress set (docs/measured/trust.md).
"""

from dataclasses import dataclass
from math import exp

from fluoropose.registration.assessment import ErrorEstimate

__all__ = ["Inflation", "Inflations", "MOST_UNLIKE", "inflate"]

MOST_UNLIKE = 0.4
"""Beyond this no accepted answer was seen, so the inflation grows no more."""


@dataclass(frozen=True, slots=True)
class Inflation:
    """The logarithm of the factor for a likeness of 1, and what it grows by for one unit less."""

    at_likeness_1: float = 0.0
    per_unlike: float = 0.0

    def factor(self, likeness: float) -> float:
        """Return the factor at an edge similarity, -1 to 1."""
        return exp(self.at_likeness_1 + self.per_unlike * min(max(1.0 - likeness, 0.0), MOST_UNLIKE))


@dataclass(frozen=True, slots=True)
class Inflations:
    """The inflation of each stated number."""

    in_plane: Inflation = Inflation()
    depth: Inflation = Inflation()
    rotation: Inflation = Inflation()


def inflate(errors: ErrorEstimate, likeness: float, by: Inflations) -> ErrorEstimate:
    """Return the stated errors of an answer with this edge similarity, inflated."""
    return ErrorEstimate(
        errors.in_plane_mm * by.in_plane.factor(likeness),
        errors.depth_mm * by.depth.factor(likeness),
        errors.rotation_deg * by.rotation.factor(likeness),
    )
