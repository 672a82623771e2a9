"""Cameras, places and poses as a client describes them: values whose construction checks every rule. Lengths in mm."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fluoropose.arrays import Mat44
from fluoropose.errors import GeometryError, InputError
from fluoropose.geometry.camera import MAX_SIDE_PX, Camera, camera_from_detector, camera_from_intrinsics
from fluoropose.geometry.field_mask import FieldMask
from fluoropose.geometry.rig import SameCameraError, c_arm_camera_from_world
from fluoropose.geometry.rigid import check_rigid
from fluoropose.geometry.tolerance import CameraTolerance
from fluoropose.tracking.session_settings import ONLY_CAMERA, SessionCamera

__all__ = ["CArmRequest", "CameraRequest", "CamerasRequest", "NamedCamera", "placed_by_name", "pose_or_none"]

_LENGTHS = ("row_spacing_mm", "column_spacing_mm", "source_to_detector_mm")


def pose_or_none(matrix: Any, name: str) -> Mat44 | None:
    """Return a rigid 4x4 matrix re-orthonormalised, None for none, or raise GeometryError naming the field."""
    return None if matrix is None else check_rigid(matrix, name)


@dataclass(frozen=True, slots=True, eq=False)
class CameraRequest:
    """A camera by its spacings and distance, or by its intrinsic matrix (3x3, pixels); and where it stands.

    `camera_from_world` (4x4) is None where the world is the camera's own frame. `case` is the object prepared for this
    camera's direction, where its own case does not cover that. `tolerance` is how well the camera is calibrated,
    `mask` what its frames show. `camera` and `placed` are what the fields describe.

    Raises
    ------
    GeometryError
        If the fields give both forms or neither, or no such camera or place can be.
    """

    rows: int
    columns: int
    row_spacing_mm: float | None = None
    column_spacing_mm: float | None = None
    source_to_detector_mm: float | None = None
    principal_point_px: tuple[float, float] | None = None
    intrinsic_matrix: Any = None
    camera_from_world: Any = None
    case: str | None = None
    tolerance: CameraTolerance | None = None
    mask: FieldMask | None = None
    camera: Camera = field(init=False)
    placed: SessionCamera = field(init=False)

    def __post_init__(self) -> None:
        """Make the camera and its place."""
        if not (2 <= self.rows <= MAX_SIDE_PX and 2 <= self.columns <= MAX_SIDE_PX):
            raise GeometryError(
                f"expected a camera of 2 to {MAX_SIDE_PX} rows and columns, got {self.rows} x {self.columns}"
            )
        camera = self._by_lengths() if self.intrinsic_matrix is None else self._by_matrix()
        place = pose_or_none(self.camera_from_world, "camera_from_world")
        object.__setattr__(self, "camera", camera)
        object.__setattr__(self, "placed", SessionCamera(camera, place, self.case, self.tolerance, self.mask))

    def _given_lengths(self) -> list[str]:
        return [name for name in _LENGTHS if getattr(self, name) is not None]

    def _by_matrix(self) -> Camera:
        if self._given_lengths():
            raise GeometryError("expected spacings and distance, or intrinsic_matrix and nothing beside, got both")
        try:
            matrix = np.array(self.intrinsic_matrix, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise GeometryError("camera intrinsic_matrix must be a 3x3 matrix of numbers, got another") from error
        return camera_from_intrinsics(self.rows, self.columns, matrix)

    def _by_lengths(self) -> Camera:
        given = self._given_lengths()
        if len(given) < len(_LENGTHS):
            raise GeometryError(
                f"expected {_LENGTHS[0]}, {_LENGTHS[1]} and {_LENGTHS[2]}, or intrinsic_matrix, got "
                f"{', '.join(given) or 'neither'}"
            )
        return camera_from_detector(
            self.rows,
            self.columns,
            row_spacing_mm=self.row_spacing_mm or 0.0,
            column_spacing_mm=self.column_spacing_mm or 0.0,
            source_to_detector_mm=self.source_to_detector_mm or 0.0,
            principal_point_px=self.principal_point_px,
        )


@dataclass(frozen=True, slots=True, eq=False)
class CArmRequest:
    """Where a C-arm stands: its angles as DICOM counts them, and its source's distance from the isocentre.

    Raises
    ------
    GeometryError
        If an angle is not finite or the distance is not positive.
    """

    primary_deg: float
    secondary_deg: float
    source_to_isocenter_mm: float
    camera_from_world: Mat44 = field(init=False)

    def __post_init__(self) -> None:
        """Make the place; the world's origin is the isocentre, its axes are the patient's."""
        place = c_arm_camera_from_world(self.primary_deg, self.secondary_deg, self.source_to_isocenter_mm)
        object.__setattr__(self, "camera_from_world", place)


NamedCamera = tuple[str, CameraRequest]


@dataclass(frozen=True, slots=True, eq=False)
class CamerasRequest:
    """One camera without a name, or several with theirs; `placed` has them all by name.

    Raises
    ------
    InputError, SameCameraError
        If both are given or neither, or two cameras have one name.
    """

    camera: CameraRequest | None = None
    cameras: Sequence[NamedCamera] | None = None
    placed: dict[str, SessionCamera] = field(init=False)

    def __post_init__(self) -> None:
        """Name the cameras."""
        if (self.camera is None) == (self.cameras is None):
            raise InputError(f"expected camera, or cameras, got {'neither' if self.camera is None else 'both'}")
        given = [(ONLY_CAMERA, self.camera)] if self.camera is not None else self.cameras or []
        object.__setattr__(self, "placed", placed_by_name(given))


def placed_by_name(cameras: Sequence[NamedCamera]) -> dict[str, SessionCamera]:
    """Return cameras by their names, or raise SameCameraError if two have one name."""
    names = [name for name, _ in cameras]
    if len(set(names)) < len(names):
        raise SameCameraError(f"expected each camera once, got the names {', '.join(names)}")
    return {name: camera.placed for name, camera in cameras}
