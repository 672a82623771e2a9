"""What is stated of a pose's error: what its equations tell, inflated by what the answer shows. Pure.

The equations count each pixel's noise. They know nothing of what all edges have in common: voxels that are coarser than
the object's surface, a detector that spreads light, pixels that are clipped. So along each axis of the ray the
deviation s of the equations becomes

    root of (s exp(c + weights . evidence))^2 + (e p)^2

with e pixels of a cached view that all edges lie beside their place, and p what a pixel is worth along that axis: its
size across the ray; in depth and in rotation more, the smaller the object. There are constants for each of in-plane,
depth and rotation, fitted so that one and 1.645 deviations cover 68.3 and 90 % of the errors of the stress set's frames
of other seeds than those that are counted (`evaluation.trust.inflation`, docs/measured/trust.md). mm, rad.
"""

from dataclasses import dataclass
from math import exp

import numpy as np

from fluoropose.arrays import Float64, Mat33
from fluoropose.geometry.rigid import turn_covariance

__all__ = [
    "EVIDENCE_TERMS",
    "Evidence",
    "INFLATIONS",
    "Inflation",
    "Inflations",
    "JOINT_INFLATIONS",
    "inflated_covariance",
    "inflations_for",
]


@dataclass(frozen=True, slots=True)
class Evidence:
    """How frames and object agree at a pose; of several views the worst. By default nothing is the matter.

    Attributes
    ----------
    likeness : the edge similarity, -1 to 1
    contrast, sharpness : how strong and how sharp the frame shows the object's edges (`similarity.edge_sharpness`)
    visible, matched : the shares of the object's edges that the frame shows, and shows exactly
    clipped : the share of the frame's pixels that have the largest value
    whiteness : how independent the noise of neighbouring pixels is (`imaging.grain`)
    presence : that of the networks
    pixel_mm, half_mm, range_mm : a pixel of the cached views and half of the object's size, at the object; its distance
    views : how many views have a part in the answer
    """

    likeness: float = 1.0
    contrast: float = 1.0
    sharpness: float = 1.0
    visible: float = 1.0
    matched: float = 1.0
    clipped: float = 0.0
    whiteness: float = 1.0
    presence: float = 1.0
    pixel_mm: float = 0.0
    half_mm: float = 1.0
    range_mm: float = 0.0
    views: int = 1

    @property
    def pixel_worth(self) -> tuple[float, float, float]:
        """What a pixel's offset of all edges is across the ray, mm, along it, mm, and in rotation, rad."""
        share = self.pixel_mm / self.half_mm
        return self.pixel_mm, share * self.range_mm, share

    @property
    def terms(self) -> tuple[float, ...]:
        """What the logarithm of a factor is linear in (`EVIDENCE_TERMS`): each 0 where nothing is the matter."""
        return (
            _within(1.0 - self.likeness, 0.4),
            _within(1.0 - self.sharpness, 0.4),
            _within(1.0 - self.visible, 0.6),
            1.0 if self.clipped > _CLIPPED else 0.0,
            _within((_WHITE - self.whiteness) / _TO_SMOOTH, 1.0),
            _within((_SMOOTH - self.whiteness) / _TO_FILTERED, 1.0),
        )


EVIDENCE_TERMS = ("unlike", "blurred", "hidden", "clipped", "smooth", "filtered")
"""Names of `Evidence.terms`."""

_CLIPPED = 0.02
"""Share of pixels with the largest value from which a frame is saturated."""

_WHITE, _TO_SMOOTH = 0.9, 0.15
"""Noise is white from the first on (a flat panel's frames have 0.86 to 1.0), and wholly smooth from the second below it
(an intensifier's have 0.67 to 0.77)."""

_SMOOTH, _TO_FILTERED = 0.67, 0.04
"""Noise that is smoother than an intensifier's: the frame was filtered. Real video that is made to be looked at has
0.45 to 0.64."""


@dataclass(frozen=True, slots=True)
class Inflation:
    """The logarithm of the factor, what it grows by for each of the evidence's terms, and the edges' common offset."""

    constant: float = 0.0
    weights: tuple[float, ...] = (0.0,) * len(EVIDENCE_TERMS)
    offset_px: float = 0.0

    def factor(self, evidence: Evidence) -> float:
        """Return the factor of the information's deviation."""
        return exp(self.constant + sum(w * term for w, term in zip(self.weights, evidence.terms, strict=True)))


@dataclass(frozen=True, slots=True)
class Inflations:
    """The inflation in the plane, in depth and in rotation."""

    in_plane: Inflation = Inflation()
    depth: Inflation = Inflation()
    rotation: Inflation = Inflation()

    @property
    def by_kind(self) -> tuple[Inflation, Inflation, Inflation]:
        """In the order of `Evidence.pixel_worth`."""
        return self.in_plane, self.depth, self.rotation


INFLATIONS = Inflations(
    in_plane=Inflation(-0.35, (0.0, 1.35, 0.0, 0.0, 0.3, 0.27)),
    depth=Inflation(-0.12, (0.0, 0.0, 0.0, 0.0, 0.95, 0.0)),
    rotation=Inflation(-0.53, (0.0, 5.3, 0.0, 0.05, 0.4, 1.25), 0.073),
)
"""Of one view: fitted to 160 accepted, right answers of `evaluate trust`, seeds 2 and 3; the weights of what was
filtered to 18 pairs of real frames of a knee implant (docs/measured/real-knee.md)."""

JOINT_INFLATIONS = Inflations(
    in_plane=Inflation(-0.6),
    depth=Inflation(-0.9),
    rotation=Inflation(0.3, (0.0, 0.0, 0.0, 0.0, 0.0, 0.2)),
)
"""Of several views together, whose equations have floors of their own (`regression.residual.view_covariance`): fitted
to the same pairs."""


def inflations_for(evidence: Evidence) -> Inflations:
    """Return the constants for the number of views that have a part in an answer."""
    return INFLATIONS if evidence.views == 1 else JOINT_INFLATIONS


def inflated_covariance(covariance: Float64, evidence: Evidence, ray_from_world: Mat33, by: Inflations) -> Float64:
    """Return a covariance (6, 6), a twist's in the world, inflated along the axes of a ray (x, y across it, z along).

    What is correlated stays so.
    """
    along = turn_covariance(covariance, ray_from_world)
    factors = np.array([one.factor(evidence) for one in by.by_kind])
    offsets = np.array([one.offset_px for one in by.by_kind]) * evidence.pixel_worth
    of_axis = [0, 0, 1, 2, 2, 2]
    inflated = along * np.outer(factors[of_axis], factors[of_axis]) + np.diag(offsets[of_axis] ** 2)
    return turn_covariance(inflated, ray_from_world.T)


def _within(value: float, most: float) -> float:
    return min(max(value, 0.0), most)
