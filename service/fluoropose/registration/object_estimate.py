"""What all views of an instant say of an object, and the registration that this becomes. mm, rad, times in ns."""

from collections.abc import Sequence
from dataclasses import dataclass

from fluoropose.arrays import Float64, Mat44
from fluoropose.registration.assessment import Assessment
from fluoropose.registration.multi_view_solver import world_information
from fluoropose.registration.prepared_view import PreparedView
from fluoropose.registration.result import AssessedPose, Registration, ViewReport

__all__ = ["ObjectEstimate", "answer_of", "registration_of"]


@dataclass(frozen=True, slots=True, eq=False)
class ObjectEstimate:
    """A pose in the world with what each view thinks of it (`found`), which views made it, and why others did not."""

    world_from_volume: Mat44
    assessment: Assessment
    information: Float64
    found: tuple[AssessedPose, ...]
    why: tuple[str, ...]


def answer_of(view: PreparedView, found: AssessedPose) -> ObjectEstimate:
    """Return what one view says."""
    pose = view.world(found.finding.camera_from_volume)
    return ObjectEstimate(pose, found.assessment, world_information(found.finding, view.sight), (found,), ("",))


def registration_of(
    prepared: Sequence[PreparedView], answer: ObjectEstimate, preprocess_ns: int, total_ns: int, searched: bool
) -> Registration:
    """Return an answer as a registration; what is left of the time of one that was `searched` for is `locate`."""
    first = answer.found[0]
    spent = [item.finding for item in answer.found]
    timing = {
        "preprocess": preprocess_ns,
        "regress": max(finding.regress_ns for finding in spent),
        "refine": max(finding.refine_ns for finding in spent),
        "quality": max(finding.quality_ns for finding in spent),
        "total": total_ns,
    }
    if searched:
        timing["locate"] = total_ns - sum(value for stage, value in timing.items() if stage != "total")
    return Registration(
        first.finding.camera_from_volume,
        answer.assessment,
        first.likeness,
        {stage: value / 1e6 for stage, value in timing.items()},
        answer.world_from_volume,
        answer.information,
        tuple(_report(*parts) for parts in zip(prepared, answer.found, answer.why, strict=True)),
    )


def _report(view: PreparedView, found: AssessedPose, why: str) -> ViewReport:
    presence = float(found.finding.regression.presence[0])
    return ViewReport(view.name, found.finding.camera_from_volume, presence, found.likeness, not why, why)
