"""What goes into a registration and what comes out: frames of one instant in, an assessed pose out. mm, rad, ms."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float64, Mat44, Vec3
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import inverse
from fluoropose.geometry.tolerance import ASSUMED_TOLERANCE, fused_covariance, tolerance_covariance
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.registration.assessment import Assessment, ErrorEstimate, expected_errors
from fluoropose.registration.error_inflation import Evidence
from fluoropose.registration.reasons import REASON_TEXTS
from fluoropose.registration.regression.schedule import PoseEstimate
from fluoropose.registration.resident_case import ResidentCase

__all__ = [
    "AssessedPose",
    "FrameView",
    "JudgedErrors",
    "ObjectEstimate",
    "Registration",
    "ViewReport",
    "registration_from",
    "tolerance_of",
]


@dataclass(frozen=True, slots=True, eq=False)
class FrameView:
    """One view of an instant: the frame (rows, columns), its camera and where that stands, and what its pixels mean.

    `resident` is the same object prepared for another direction, for a view that the case's atlas does not cover.
    """

    pixels: NDArray[Any]
    placed: PlacedCamera
    name: str = ""
    meaning: PixelMeaning = PixelMeaning.INTENSITY
    inverted: bool = False
    resident: ResidentCase | None = None

    def mirrored(self) -> "FrameView":
        """Return the frame and its mask read from right to left; the camera stays what it is."""
        mask, pixels = self.placed.mask, np.ascontiguousarray(self.pixels[:, ::-1])
        across = None if mask is None else mask.mirrored(pixels.shape[1])
        return replace(self, pixels=pixels, placed=replace(self.placed, mask=across))


@dataclass(frozen=True, slots=True, eq=False)
class AssessedPose:
    """A pose in one view, what it is worth, and the edge similarity there."""

    estimate: PoseEstimate
    assessment: Assessment
    similarity: float


@dataclass(frozen=True, slots=True, eq=False)
class ObjectEstimate:
    """What all views of an instant say of one object.

    `information` (6, 6) is that of the pose as a world twist. `poses` holds one assessed pose per view, `reasons` why a
    view has no part in the answer ("" where it has).
    """

    world_from_volume: Mat44
    assessment: Assessment
    information: Float64
    poses: tuple[AssessedPose, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class JudgedErrors:
    """The evidence of an answer, and the covariance (6, 6) of its error as a world twist, mm and rad.

    `raw` is what the equations tell, `covariance` that inflated by the evidence. What cameras leave unknown is in
    neither.
    """

    evidence: Evidence
    raw: Float64
    covariance: Float64


def _judged_by(covariance: Float64) -> JudgedErrors:
    """Return errors of a covariance that nothing inflates."""
    return JudgedErrors(Evidence(), covariance, covariance)


@dataclass(frozen=True, slots=True, eq=False)
class ViewReport:
    """What one view says of the answer: its own `camera_from_volume`, presence and likeness there, 0 to 1.

    `likeness` is the edge similarity. `used` tells whether the view has a part in the answer, `why` the reason if not.
    """

    name: str
    camera_from_volume: Mat44
    presence: float
    likeness: float
    used: bool
    why: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """An assessed pose, the edge similarity there (`likeness`), and the time of each stage in ms.

    `camera_from_volume` and `likeness` are those of the first view. `information` (6, 6) is the inverse of the pose
    error's covariance as a world twist about the object's centre: (x, y, z) mm by which the centre moves, then the
    rotation vector, rad: what pixels tell whose noise is their own. `judged` is what that is worth.
    `tolerance_covariance` (6, 6) is what the cameras' tolerance adds. `views` has one report per view.
    """

    camera_from_volume: Mat44
    assessment: Assessment
    likeness: float
    timing_ms: dict[str, float]
    world_from_volume: Mat44 = field(default_factory=lambda: np.eye(4))
    information: Float64 = field(default_factory=lambda: np.zeros((6, 6)))
    views: tuple[ViewReport, ...] = ()
    tolerance_covariance: Float64 = field(default_factory=lambda: np.zeros((6, 6)))
    judged: JudgedErrors = field(default_factory=lambda: _judged_by(np.eye(6)))

    @property
    def status(self) -> str:
        """TRACKING, LOW_CONFIDENCE or LOST."""
        return self.assessment.status.value

    @property
    def reason(self) -> str:
        """The code of why it is not TRACKING (`registration.reasons`); "" where it is."""
        return self.assessment.reason

    @property
    def reason_text(self) -> str:
        """What `reason` says of this frame, a sentence; "" where it is TRACKING."""
        return self.assessment.reason_text or REASON_TEXTS.get(self.assessment.reason, "")

    @property
    def visible_fraction(self) -> float:
        """The share of the object's edges that the frames show at the pose, 0 to 1, of several views the least."""
        return self.assessment.visible_fraction

    @property
    def confidence(self) -> float:
        """How sure the pose is, 0 to 1."""
        return self.assessment.confidence

    @property
    def error_estimate(self) -> ErrorEstimate:
        """One standard deviation in the plane, in depth and in rotation, along the first camera's axes."""
        return expected_errors(self.covariance, self.camera_from_world)

    @property
    def covariance(self) -> Float64:
        """The covariance of the pose's error, (6, 6), mm and rad: of the frames and of the cameras' tolerance."""
        return self.judged.covariance + self.tolerance_covariance

    @property
    def evidence(self) -> Evidence:
        """What the answer shows of how far its errors can be trusted."""
        return self.judged.evidence

    @property
    def camera_from_world(self) -> Mat44:
        """Where the first camera stands, as the two poses tell."""
        return self.camera_from_volume @ inverse(self.world_from_volume)


def registration_from(
    names: Sequence[str],
    estimate: ObjectEstimate,
    *,
    preprocess_ns: int,
    total_ns: int,
    searched: bool,
    judge_ns: int = 0,
    from_tolerance: Float64 | None = None,
    judged: JudgedErrors | None = None,
) -> Registration:
    """Return the estimate of an object in the views of these `names` as a registration.

    `from_tolerance` (6, 6) is what `tolerance_of` says, `judged` what `evidence.judge_errors` does. `judge_ns` went
    to doubts, reasons and errors of the whole answer, and belongs to `quality`; `total_ns` is all the time that was
    spent. What is left of the time of one that was `searched` for is `locate`.
    """
    first = estimate.poses[0]
    spent = [pose.estimate for pose in estimate.poses]
    timing = {
        "preprocess": preprocess_ns,
        "regress": max(one.regress_ns for one in spent),
        "refine": max(one.refine_ns for one in spent),
        "quality": max(one.quality_ns for one in spent) + judge_ns,
        "total": total_ns,
    }
    if searched:
        timing["locate"] = total_ns - sum(value for stage, value in timing.items() if stage != "total")
    return Registration(
        first.estimate.camera_from_volume,
        estimate.assessment,
        first.similarity,
        {stage: value / 1e6 for stage, value in timing.items()},
        estimate.world_from_volume,
        estimate.information,
        tuple(_view_report(*parts) for parts in zip(names, estimate.poses, estimate.reasons, strict=True)),
        np.zeros((6, 6)) if from_tolerance is None else from_tolerance,
        judged or _judged_by(np.linalg.inv(estimate.information)),
    )


def tolerance_of(views: Sequence[FrameView], estimate: ObjectEstimate, centre_mm: Vec3) -> Float64:
    """Return what the tolerance of the cameras that have a part in an estimate adds to its covariance, (6, 6)."""
    used = [view.placed for view, reason in zip(views, estimate.reasons, strict=True) if not reason]
    used = used or [view.placed for view in views]
    covariances = [
        tolerance_covariance(
            placed.tolerance or ASSUMED_TOLERANCE,
            placed.camera,
            placed.camera_from_world @ estimate.world_from_volume,
            centre_mm,
        )
        for placed in used
    ]
    return fused_covariance(covariances, [placed.camera_from_world for placed in used])


def _view_report(name: str, pose: AssessedPose, reason: str) -> ViewReport:
    presence = float(pose.estimate.regression.presence[0])
    return ViewReport(name, pose.estimate.camera_from_volume, presence, pose.similarity, not reason, reason)
