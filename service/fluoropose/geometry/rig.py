"""Several cameras in one world: where each stands, and whether their fields of view overlap. Lengths in mm.

The caller chooses the world frame. `c_arm_camera_from_world` uses a C-arm's isocentre as the origin and the patient's
axes (LPS, patient supine: +x left, +y posterior, +z superior). It takes the positioner's two angles in degrees as DICOM
defines them (PS3.3, C.8.7.5): the primary angle is positive where the detector goes to the patient's left (LAO), the
secondary angle where it goes to the head (cranial), and both are 0 with the detector in front of the patient.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from fluoropose.arrays import Float64, Mat44, Vec3, make_read_only
from fluoropose.errors import GeometryError
from fluoropose.geometry.camera import Camera, project
from fluoropose.geometry.field_mask import FieldMask
from fluoropose.geometry.rigid import MAX_TRANSLATION_MM, check_rigid, inverse, rigid, transform
from fluoropose.geometry.rotation import about_x, about_z, angle_between
from fluoropose.geometry.tolerance import CameraTolerance

__all__ = [
    "ContradictionError",
    "PlacedCamera",
    "SameCameraError",
    "angle_between_views_deg",
    "c_arm_camera_from_world",
    "ray_gap_mm",
    "require_rig",
    "triangulate",
    "viewing_ray",
]

_SAME_PLACE_MM, _SAME_PLACE_DEG = 1.0, 0.1
"""Two cameras nearer to each other than this in both are taken as one camera that is named twice."""

_SAMPLES = 5
_DEPTHS_MM = np.geomspace(20.0, 5000.0, 40)
"""A camera's field of view is sampled at so many pixels along each side, and at these depths, to test for overlap."""


class SameCameraError(GeometryError):
    """Two views come from the same place, so the second adds nothing."""

    code = "same-camera"


class ContradictionError(GeometryError):
    """Two cameras have no common field of view, so they cannot show the same object."""

    code = "cameras-contradict"


def _identity() -> Mat44:
    return np.eye(4)


@dataclass(frozen=True, slots=True, eq=False)
class PlacedCamera:
    """A camera and where it stands: `camera_from_world`, shape (4, 4); by default the world is the camera's frame.

    `tolerance` is how well the camera is calibrated, None if nobody said. `mask` is what its frames show, None if
    that is to be told from each frame.

    Raises
    ------
    GeometryError
        If `camera_from_world` is not rigid.
    """

    camera: Camera
    camera_from_world: Mat44 = field(default_factory=_identity)
    tolerance: CameraTolerance | None = None
    mask: FieldMask | None = None

    def __post_init__(self) -> None:
        """Check the transform and make it read-only; an identity stays exact."""
        given = np.asarray(self.camera_from_world, np.float64)
        still = given.shape == (4, 4) and bool((given == np.eye(4)).all())
        matrix = np.eye(4) if still else check_rigid(given, "camera_from_world")
        object.__setattr__(self, "camera_from_world", make_read_only(matrix))

    @property
    def at_origin(self) -> bool:
        """Whether `camera_from_world` is exactly the identity."""
        return bool((self.camera_from_world == np.eye(4)).all())

    @property
    def source_world_mm(self) -> Vec3:
        """The X-ray source's position in the world, shape (3,), mm."""
        return inverse(self.camera_from_world)[:3, 3]


def c_arm_camera_from_world(primary_deg: float, secondary_deg: float, source_to_isocenter_mm: float) -> Mat44:
    """Return camera_from_world of a C-arm in the world whose origin is the isocentre and whose axes are LPS.

    The picture is as seen from the source: at angles of 0 and 0 the rows run from head to feet and the columns from the
    patient's left to the right. A picture that is stored as seen from the other side must be mirrored first.

    Raises
    ------
    GeometryError
        If an angle is not finite or the distance is not positive.
    """
    if not (np.isfinite(primary_deg) and np.isfinite(secondary_deg)):
        raise GeometryError(f"C-arm angles must be finite, got {primary_deg} and {secondary_deg}")
    if not (np.isfinite(source_to_isocenter_mm) and source_to_isocenter_mm > 0):
        raise GeometryError(f"source_to_isocenter_mm must be a positive length, got {source_to_isocenter_mm}")
    if source_to_isocenter_mm > MAX_TRANSLATION_MM:
        raise GeometryError(
            f"source_to_isocenter_mm must be at most {MAX_TRANSLATION_MM:g} mm, got {source_to_isocenter_mm:g}"
        )
    # At 0, 0: columns along -x (right), rows along -z (feet), the beam along -y (to the front).
    level = np.array([[-1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, -1.0, 0.0]])
    turned = about_z(np.deg2rad(primary_deg)) @ about_x(np.deg2rad(-secondary_deg))
    return rigid(level @ turned.T, np.array([0.0, 0.0, source_to_isocenter_mm]))


def viewing_ray(placed: PlacedCamera, pixel: Float64) -> tuple[Vec3, Vec3]:
    """Return the source (mm) and the unit direction, both in the world, of the ray through a pixel (u, v)."""
    world_from_camera = inverse(placed.camera_from_world)
    direction = np.linalg.solve(placed.camera.intrinsic_matrix, np.array([pixel[0], pixel[1], 1.0]))
    direction = world_from_camera[:3, :3] @ direction
    return world_from_camera[:3, 3], direction / np.linalg.norm(direction)


def triangulate(rays: Sequence[tuple[Vec3, Vec3]]) -> Vec3:
    """Return the world point (mm) with the least sum of squared distances to the rays (source, unit direction)."""
    across = [np.eye(3) - np.outer(direction, direction) for _, direction in rays]
    right = sum(part @ source for part, (source, _) in zip(across, rays, strict=True))
    return np.asarray(np.linalg.solve(sum(across), right))


def ray_gap_mm(first: tuple[Vec3, Vec3], second: tuple[Vec3, Vec3]) -> float:
    """Return the distance in mm between two lines (source, unit direction): the epipolar error in space."""
    normal = np.cross(first[1], second[1])
    sine = float(np.linalg.norm(normal))
    apart = second[0] - first[0]
    if sine < 1e-9:
        return float(np.linalg.norm(apart - (apart @ first[1]) * first[1]))
    return abs(float(apart @ normal)) / sine


def angle_between_views_deg(first: PlacedCamera, second: PlacedCamera) -> float:
    """Return the angle in degrees between the optical axes of two cameras."""
    cosine = float(first.camera_from_world[2, :3] @ second.camera_from_world[2, :3])
    return float(np.rad2deg(np.arccos(np.clip(cosine, -1.0, 1.0))))


def require_rig(cameras: Sequence[PlacedCamera], names: Sequence[str]) -> None:
    """Check that several cameras can be views of one instant.

    Raises
    ------
    SameCameraError
        If two stand at the same place; the message gives their distance and angle.
    ContradictionError
        If no point is in front of two of them and inside both pictures; the message gives how their axes pass.
    """
    for n, second in enumerate(cameras):
        for m, first in enumerate(cameras[:n]):
            _require_different_places(first, second, (names[m], names[n]))
            if not (_shares_field(first, second) or _shares_field(second, first)):
                gap = ray_gap_mm(_axis(first), _axis(second))
                raise ContradictionError(
                    f"cameras {names[m]!r} and {names[n]!r} contradict each other: expected fields that overlap, got "
                    f"none; their axes are {angle_between_views_deg(first, second):.1f} degrees apart and pass each "
                    f"other by {gap:.1f} mm (is one camera_from_world inverted?)"
                )


def _require_different_places(first: PlacedCamera, second: PlacedCamera, names: tuple[str, str]) -> None:
    apart_mm = float(np.linalg.norm(first.source_world_mm - second.source_world_mm))
    turned = float(np.rad2deg(angle_between(first.camera_from_world[:3, :3], second.camera_from_world[:3, :3])))
    if apart_mm < _SAME_PLACE_MM and turned < _SAME_PLACE_DEG:
        raise SameCameraError(
            f"views must come from different places, got the same camera twice: {names[0]!r} and {names[1]!r} are "
            f"{apart_mm:.2f} mm and {turned:.2f} degrees apart (is camera_from_world given for both?)"
        )


def _axis(placed: PlacedCamera) -> tuple[Vec3, Vec3]:
    middle = np.array([(placed.camera.columns - 1) / 2, (placed.camera.rows - 1) / 2])
    return viewing_ray(placed, middle)


def _shares_field(first: PlacedCamera, second: PlacedCamera) -> bool:
    """Return whether the second camera's picture shows any point that is sampled in the first one's field of view."""
    camera = first.camera
    u, v = np.meshgrid(np.linspace(0, camera.columns - 1, _SAMPLES), np.linspace(0, camera.rows - 1, _SAMPLES))
    rays = np.stack([u.ravel(), v.ravel(), np.ones(u.size)], axis=1) @ np.linalg.inv(camera.intrinsic_matrix).T
    points = (rays[None] * _DEPTHS_MM[:, None, None]).reshape(-1, 3)
    there = transform(second.camera_from_world @ inverse(first.camera_from_world), points)
    there = there[there[:, 2] > _DEPTHS_MM[0]]
    u, v = project(second.camera, there).T
    inside = (u >= -0.5) & (u <= second.camera.columns - 0.5) & (v >= -0.5) & (v <= second.camera.rows - 0.5)
    return bool(inside.any())
