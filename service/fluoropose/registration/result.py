"""What goes into a registration and what comes out: views of one instant in, a judged pose out. mm, rad, ms."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float64, Mat44
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.registration.assessment import Assessment
from fluoropose.registration.regression.schedule import PoseEstimate

if TYPE_CHECKING:
    from fluoropose.registration.resident_case import ResidentCase

__all__ = ["AssessedPose", "FrameView", "Registration", "ViewReport", "times_of_both"]


@dataclass(frozen=True, slots=True, eq=False)
class AssessedPose:
    """Where one schedule ended in one view and what is to be thought of it there."""

    finding: PoseEstimate
    assessment: Assessment
    likeness: float


@dataclass(frozen=True, slots=True, eq=False)
class FrameView:
    """One view of an instant: the frame (rows, columns), its camera and where that stands.

    `resident` is the same object prepared for another direction, for a view that the case's atlas does not cover.
    """

    pixels: NDArray[Any]
    placed: PlacedCamera
    name: str = ""
    resident: "ResidentCase | None" = None


@dataclass(frozen=True, slots=True, eq=False)
class ViewReport:
    """What one view says of the answer: its own `camera_from_volume`, presence and likeness there, 0 to 1.

    `used` tells whether it has a part in the answer, `why` the reason if not.
    """

    name: str
    camera_from_volume: Mat44
    presence: float
    likeness: float
    used: bool
    why: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """A judged pose, how like the frame's edges are to the object's there, and the time of each stage in ms.

    `camera_from_volume` and `likeness` are those of the first view. `information` (6, 6) is the inverse of the pose
    error's covariance as a world twist about the object's centre: (x, y, z) mm by which the centre moves, then the
    rotation vector, rad. `views` has one report per view.
    """

    camera_from_volume: Mat44
    assessment: Assessment
    likeness: float
    timing_ms: dict[str, float]
    world_from_volume: Mat44 = field(default_factory=lambda: np.eye(4))
    information: Float64 = field(default_factory=lambda: np.zeros((6, 6)))
    views: tuple[ViewReport, ...] = ()


def times_of_both(kept: PoseEstimate, first: PoseEstimate, second: PoseEstimate) -> PoseEstimate:
    """Return a finding that took as long as two tries did, so that a frame's times leave nothing out."""
    return replace(
        kept,
        regress_ns=first.regress_ns + second.regress_ns,
        refine_ns=first.refine_ns + second.refine_ns,
        quality_ns=first.quality_ns + second.quality_ns,
    )
