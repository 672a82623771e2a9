"""What a result holds on request: the object's outline in the frame, and the covariance of its pose. Lengths in mm."""

from collections.abc import Mapping
from dataclasses import dataclass

from fluoropose.arrays import Float64, Mat44
from fluoropose.drr.silhouette import object_outline
from fluoropose.geometry.rigid import turn_covariance
from fluoropose.registration.assessment import Status
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import Registration
from fluoropose.tracking.jobs import CameraFrame

__all__ = ["IncludedParts", "camera_covariance", "included_parts", "pose_in_frame"]


@dataclass(frozen=True, slots=True, eq=False)
class IncludedParts:
    """The outline (polygons, each (n, 2) pixels) and the covariance (6, 6) of one object in one frame; None if unasked.

    The covariance is that of a twist about the object's centre along the axes of the frame's camera: x, y, z in mm,
    then the rotation vector in rad.
    """

    outline: tuple[Float64, ...] | None = None
    covariance: Float64 | None = None


def included_parts(
    wanted: frozenset[str], found: Registration, sight: CameraFrame, resident: ResidentCase
) -> IncludedParts:
    """Return the wanted parts of `INCLUDABLE` for a registration in a frame; none of an object that is LOST."""
    if not wanted or found.assessment.status is Status.LOST:
        return IncludedParts()
    outline = covariance = None
    if "outline" in wanted:
        pose = pose_in_frame(found, sight.frame.camera)
        outline = object_outline(resident.renderer, sight.placed.camera, pose, resident.case.corners_mm)
    if "covariance" in wanted:
        covariance = camera_covariance(found.covariance, sight.placed.camera_from_world)
    return IncludedParts(outline, covariance)


def pose_in_frame(found: Registration, camera: str) -> Mat44:
    """Return camera_from_volume in the view of that name; of a registration without views, its only one."""
    poses: Mapping[str, Mat44] = {view.name: view.camera_from_volume for view in found.views}
    return poses.get(camera, found.camera_from_volume)


def camera_covariance(world_covariance: Float64, camera_from_world: Mat44) -> Float64:
    """Return a pose's covariance (6, 6) along a camera's axes; that of the world is about the same point."""
    return turn_covariance(world_covariance, camera_from_world[:3, :3])
