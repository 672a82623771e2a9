"""What the X-ray is compared with: a DRR rendered at the exact current pose, or the nearest view of the atlas.

The paper renders (`ExactDrr`). The atlas shows its object turned by up to half a step from the current pose: that
turned pose is the reference which patches are placed by and residuals are counted from.
"""

from abc import ABC, abstractmethod

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat33
from fluoropose.drr.atlas import Atlas, default_step_mm
from fluoropose.drr.case import Case
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.renderer import AbstractRenderer
from fluoropose.errors import InputError
from fluoropose.evaluation.published.patches import crop
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.canonical import canonical_pose, pose_from_canonical
from fluoropose.geometry.pose6 import Pose6Frame, pose_from_six, six_from_pose
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import about_z

__all__ = ["AbstractComparison", "AtlasView", "COMPARISONS", "ExactDrr", "comparison_named"]

COMPARISONS = ("exact", "atlas")


class AbstractComparison(ABC):
    """Gives the DRR's patches for a pose."""

    @abstractmethod
    def reference(self, six: Float64) -> Float64:
        """Return the pose that will be shown for the current one: six parameters."""

    @abstractmethod
    def patches(self, reference: Float64, rays: Float64, size_px: int) -> Float32:
        """Return the line integrals at patches given as rays (n, 3, 3), float32 (n, size, size)."""


class ExactDrr(AbstractComparison):
    """Renders the patches' own rays at the exact pose: N x 52 x 52 rays, nothing else."""

    def __init__(self, renderer: AbstractRenderer, frame: Pose6Frame) -> None:
        self._renderer = renderer
        self._frame = frame

    def reference(self, six: Float64) -> Float64:
        """Return the pose itself."""
        return six

    def patches(self, reference: Float64, rays: Float64, size_px: int) -> Float32:
        """Render each patch as a small camera turned by the pose's t_theta."""
        upright = about_z(-np.deg2rad(reference[3]))
        pose = rigid(upright, np.zeros(3)) @ pose_from_six(reference, self._frame)
        return np.stack([self._renderer.render(_patch_camera(upright @ one, size_px), pose) for one in rays])


class AtlasView(AbstractComparison):
    """Crops the patches from the nearest cached view; renders nothing."""

    def __init__(self, atlas: Atlas, frame: Pose6Frame) -> None:
        self._atlas = atlas
        self._frame = frame

    def reference(self, six: Float64) -> Float64:
        """Return the pose turned to the nearest cached view; position and in-plane turn are kept."""
        pose = canonical_pose(pose_from_six(six, self._frame), self._atlas.view)
        index = self._atlas.grid.nearest_view(pose.alpha_rad, pose.beta_rad)
        centre = np.array([0.0, 0.0, pose.range_mm])
        turned = pose_from_canonical(pose.camera_from_canonical, self._atlas.rotation(index), centre, self._atlas.view)
        return six_from_pose(turned, self._frame)

    def patches(self, reference: Float64, rays: Float64, size_px: int) -> Float32:
        """Crop the cached view through the canonical homography of the reference."""
        view = self._atlas.view
        pose = canonical_pose(pose_from_six(reference, self._frame), view)
        scale = view.range_mm / pose.range_mm
        rays_from_canonical_px = pose.camera_from_canonical @ np.diag([scale, scale, 1.0]) @ view.ray_from_pixel
        picture = np.asarray(
            self._atlas.views[self._atlas.grid.nearest_view(pose.alpha_rad, pose.beta_rad)], np.float32
        )
        return crop(picture, np.linalg.inv(rays_from_canonical_px) @ rays, size_px)


def comparison_named(name: str, case: Case) -> AbstractComparison:
    """Return "exact" or "atlas" for a case, or raise InputError."""
    if name == "exact":
        return ExactDrr(CpuRenderer(case.volume, default_step_mm(case.volume)), case.pose_frame)
    if name == "atlas":
        return AtlasView(case.atlas, case.pose_frame)
    raise InputError(f"expected a comparison of {', '.join(COMPARISONS)}, got {name!r}")


def _patch_camera(upright_rays: Mat33, size_px: int) -> Camera:
    """Return the camera of an upright patch: the inverse of diag(pitch, pitch, 1) with a shift."""
    pitch, shift = upright_rays[0, 0], upright_rays[:2, 2]
    matrix = np.array([[1.0 / pitch, 0.0, -shift[0] / pitch], [0.0, 1.0 / pitch, -shift[1] / pitch], [0.0, 0.0, 1.0]])
    return Camera(size_px, size_px, matrix)
