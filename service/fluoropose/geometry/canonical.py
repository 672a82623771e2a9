"""The canonical view: the object on the optical axis, upright, at nominal range. A homography takes any frame to it.

A rotation of the camera about its source leaves every ray where it is. So the picture that a camera would take if it
looked straight at the object, without the in-plane rotation, is an exact warp of the frame. The range is undone by a
scale, which is exact only for an object that is thin along the beam;
`docs/explanation/method.md` gives the measured error.

With p the object's centre in camera mm, r = |p| and R_c the smallest rotation that takes +z to p / r:

    R_c^T R = Rz(theta) Rx(alpha) Ry(beta) B          theta: in plane; alpha, beta: out of plane, as in the atlas
    canonical pixel to frame pixel: H = K R_c Rz(theta) diag(s, s, 1) K_c^-1,    s = nominal range / r
"""

from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Mat33, Mat44, Vec3
from fluoropose.errors import GeometryError
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import about_z, from_zxy, smallest_rotation, to_zxy

__all__ = [
    "CanonicalPose",
    "CanonicalView",
    "CentralRay",
    "canonical_homography",
    "canonical_pose",
    "central_ray",
    "pose_from_canonical",
    "view_rotation",
]

MIN_RANGE_MM = 1.0
"""The least z of an object's centre in the camera: nearer to the source it cannot be imaged."""


@dataclass(frozen=True, slots=True, eq=False)
class CanonicalView:
    """The fixed view of one case.

    `centre_mm` is the object's centre in the volume and `base_rotation` is B. The picture has `size_px` x `size_px`
    pixels, which cover `field_mm` x `field_mm` at the object. `range_mm` is the nominal distance from the source to
    the centre.
    """

    centre_mm: Vec3
    base_rotation: Mat33
    size_px: int
    field_mm: float
    range_mm: float

    @property
    def camera(self) -> Camera:
        """The camera that takes canonical pictures."""
        focal_px = self.range_mm * self.size_px / self.field_mm
        middle = (self.size_px - 1) / 2
        matrix = np.array([[focal_px, 0.0, middle], [0.0, focal_px, middle], [0.0, 0.0, 1.0]])
        return Camera(self.size_px, self.size_px, matrix)

    @property
    def ray_from_pixel(self) -> Mat33:
        """The inverse of the canonical camera's matrix, written out because every step of a schedule needs it."""
        per_px = self.field_mm / (self.range_mm * self.size_px)
        shift = -per_px * (self.size_px - 1) / 2
        return np.array([[per_px, 0.0, shift], [0.0, per_px, shift], [0.0, 0.0, 1.0]])


@dataclass(frozen=True, slots=True, eq=False)
class CanonicalPose:
    """The parts of a pose: `camera_from_canonical` = R_c Rz(theta), the out-of-plane angles (rad), the range (mm).

    The angles turn from `base_rotation`, by default that of the case's view.
    """

    camera_from_canonical: Mat33
    alpha_rad: float
    beta_rad: float
    range_mm: float
    base_rotation: Mat33

    @property
    def view_rotation(self) -> Mat33:
        """Rotation of the object in the canonical camera."""
        return from_zxy(0.0, self.alpha_rad, self.beta_rad) @ self.base_rotation


@dataclass(frozen=True, slots=True, eq=False)
class CentralRay:
    """A camera turned towards an object: `camera_from_looking` (3, 3), the object's rotation there, its range in mm."""

    camera_from_looking: Mat33
    looking_from_volume: Mat33
    range_mm: float

    @property
    def direction(self) -> Vec3:
        """The direction of the ray through the object's centre, away from the source, in the volume's axes."""
        return self.looking_from_volume[2]

    def split(self, base_rotation: Mat33) -> CanonicalPose:
        """Return the pose's parts about a base view."""
        theta, alpha, beta = to_zxy(self.looking_from_volume @ base_rotation.T)
        return CanonicalPose(self.camera_from_looking @ about_z(theta), alpha, beta, self.range_mm, base_rotation)


def central_ray(camera_from_volume: Mat44, centre_mm: Vec3) -> CentralRay:
    """Return the camera turned towards an object's centre.

    Raises
    ------
    GeometryError
        If the centre is not in front of the source.
    """
    rotation = camera_from_volume[:3, :3]
    centre_camera_mm = rotation @ centre_mm + camera_from_volume[:3, 3]
    if centre_camera_mm[2] < MIN_RANGE_MM:
        raise GeometryError(
            f"the object's centre must be in front of the source, got z = {centre_camera_mm[2]:.1f} mm in the camera"
        )
    looking = smallest_rotation(centre_camera_mm)
    return CentralRay(looking, looking.T @ rotation, float(np.linalg.norm(centre_camera_mm)))


def canonical_pose(camera_from_volume: Mat44, view: CanonicalView) -> CanonicalPose:
    """Split a pose into the rotation that a warp undoes exactly, the out-of-plane angles and the range.

    Raises
    ------
    GeometryError
        If the object's centre is not in front of the source.
    """
    return central_ray(camera_from_volume, view.centre_mm).split(view.base_rotation)


def view_rotation(alpha_rad: float, beta_rad: float, view: CanonicalView) -> Mat33:
    """Return the object's rotation in the canonical camera at two out-of-plane angles."""
    return from_zxy(0.0, alpha_rad, beta_rad) @ view.base_rotation


def pose_from_canonical(
    camera_from_canonical: Mat33, rotation_canonical: Mat33, centre_canonical_mm: Vec3, view: CanonicalView
) -> Mat44:
    """Return camera_from_volume of an object whose rotation and centre (mm) in the canonical camera are given."""
    rotation = camera_from_canonical @ rotation_canonical
    return rigid(rotation, camera_from_canonical @ centre_canonical_mm - rotation @ view.centre_mm)


def canonical_homography(camera: Camera, pose: CanonicalPose, view: CanonicalView) -> Mat33:
    """Return the homography that takes homogeneous canonical pixels to frame pixels, shape (3, 3)."""
    scale = view.range_mm / pose.range_mm
    return camera.intrinsic_matrix @ (pose.camera_from_canonical * [scale, scale, 1.0]) @ view.ray_from_pixel
