"""Geometry as lengths: detector spacings and distances, with C-arm angles, or as the attributes of a DICOM XA image."""

from typing import Any

import numpy as np

from fluoropose.arrays import Float64, Mat44
from fluoropose.errors import GeometryError
from fluoropose.geometry.camera import Camera, camera_from_detector
from fluoropose.geometry.conversion.fields import (
    number_field,
    numbers_field,
    optional_number,
    require_known,
    side_field,
)
from fluoropose.geometry.conversion.imaging_geometry import Fields, ImagingGeometry, WrittenGeometry
from fluoropose.geometry.rig import c_arm_camera_from_world
from fluoropose.geometry.rigid import check_rigid, rigid
from fluoropose.geometry.rotation import about_z

__all__ = ["read_c_arm", "read_dicom_xa", "read_distances", "write_c_arm", "write_dicom_xa", "write_distances"]

_LENGTHS = ("rows", "columns", "row_spacing_mm", "column_spacing_mm", "source_to_detector_mm", "principal_point_px")
_ANGLES = ("primary_deg", "secondary_deg", "source_to_isocenter_mm", "roll_deg", "isocenter_mm")
_XA = (
    "Rows", "Columns", "DistanceSourceToDetector", "DistanceSourceToPatient", "ImagerPixelSpacing", "PixelSpacing",
    "PositionerPrimaryAngle", "PositionerSecondaryAngle", "PatientOrientation",
)  # fmt: skip

FIRST_GUESS = (
    "DICOM's numbers are those of the machine's display: rounded, without the principal point, without flexing. Take "
    "this camera as a first guess and calibrate."
)


def read_distances(fields: Fields) -> ImagingGeometry:
    """Return the geometry of spacings and distance, as cameras have them in this package's API.

    Raises
    ------
    GeometryError
        If a field is missing or unknown, or a length is not positive.
    """
    require_known(fields, "distances", (*_LENGTHS, "camera_from_world"))
    given = fields.get("camera_from_world")
    place = None if given is None else check_rigid(given, "camera_from_world")
    return ImagingGeometry(_detector(fields), place, number_field(fields, "source_to_detector_mm"))


def write_distances(geometry: ImagingGeometry, options: Fields) -> WrittenGeometry:
    """Return spacings, distance and principal point, and the place if there is one."""
    fields, losses = _lengths(geometry, "distances")
    if geometry.camera_from_world is not None:
        fields["camera_from_world"] = geometry.camera_from_world.tolist()
    return WrittenGeometry(fields, losses)


def read_c_arm(fields: Fields) -> ImagingGeometry:
    """Return the geometry of a C-arm: lengths as `read_distances`, angles as DICOM counts them, and where it turns.

    `roll_deg` (default 0) turns the picture about the beam, `isocenter_mm` (default the origin) is the isocentre in the
    world, whose axes are the patient's (LPS).

    Raises
    ------
    GeometryError
        As `read_distances`, or if a distance is not positive.
    """
    require_known(fields, "c_arm", (*_LENGTHS, *_ANGLES))
    angles = [number_field(fields, name) for name in _ANGLES[:3]]
    level = c_arm_camera_from_world(angles[0], angles[1], angles[2])
    rotation = about_z(np.deg2rad(optional_number(fields, "roll_deg", 0.0))) @ level[:3, :3]
    centre = numbers_field({"isocenter_mm": fields.get("isocenter_mm", [0.0] * 3)}, "isocenter_mm", (3,))
    place = rigid(rotation, level[:3, 3] - rotation @ centre)
    return ImagingGeometry(_detector(fields), place, number_field(fields, "source_to_detector_mm"))


def write_c_arm(geometry: ImagingGeometry, options: Fields) -> WrittenGeometry:
    """Return lengths, angles, roll and isocentre.

    The isocentre is the point of the optical axis at the depth of the world's origin: any other point of that axis,
    with its own source_to_isocenter_mm, would describe the same camera.
    """
    fields, losses = _lengths(geometry, "c_arm")
    primary, secondary, roll, to_centre, centre = _c_arm_parts(geometry.require_place("c_arm"))
    fields |= {"primary_deg": primary, "secondary_deg": secondary, "source_to_isocenter_mm": to_centre}
    fields |= {"roll_deg": roll, "isocenter_mm": centre.tolist()}
    return WrittenGeometry(fields, losses)


def read_dicom_xa(fields: Fields) -> ImagingGeometry:
    """Return the first guess that the attributes of a DICOM XA image allow, named by their keywords (PS3.3, C.8.7.5).

    Raises
    ------
    GeometryError
        If an attribute that is needed is missing, or is no length.
    """
    require_known(fields, "dicom_xa", _XA)
    notes = [FIRST_GUESS]
    spacing_name = "ImagerPixelSpacing"
    if fields.get(spacing_name) is None and fields.get("PixelSpacing") is not None:
        spacing_name = "PixelSpacing"
        notes.append(
            "Pixel Spacing stands for Imager Pixel Spacing, which is missing: if it holds in the patient, it must be "
            "multiplied by the distance to the detector over that to the patient."
        )
    spacing = numbers_field(fields, spacing_name, (2,))
    distance = number_field(fields, "DistanceSourceToDetector")
    camera = camera_from_detector(
        side_field(fields, "Rows"), side_field(fields, "Columns"), row_spacing_mm=float(spacing[0]),
        column_spacing_mm=float(spacing[1]), source_to_detector_mm=distance,
    )  # fmt: skip
    if list(fields.get("PatientOrientation") or []) == ["L", "F"]:
        notes.append(
            "The columns run to the patient's left, as seen from the detector: mirror the frame's columns first."
        )
    return ImagingGeometry(camera, _xa_place(fields), distance, True, tuple(notes))


def write_dicom_xa(geometry: ImagingGeometry, options: Fields) -> WrittenGeometry:
    """Return the attributes of a DICOM XA image; they hold no principal point, no roll and no isocentre."""
    camera = geometry.camera
    distance = geometry.require_distance("dicom_xa")
    matrix = camera.intrinsic_matrix
    spacing = [distance / float(matrix[1, 1]), distance / float(matrix[0, 0])]
    fields: dict[str, Any] = {"Rows": camera.rows, "Columns": camera.columns, "DistanceSourceToDetector": distance}
    fields["ImagerPixelSpacing"] = spacing
    away = matrix[:2, 2] - [(camera.columns - 1) / 2, (camera.rows - 1) / 2]
    losses = (
        [f"the principal point, {np.linalg.norm(away):.2f} px from the centre"] if np.abs(away).max() > 1e-9 else []
    )
    losses += _skew_loss(camera)
    if geometry.camera_from_world is not None:
        primary, secondary, roll, to_centre, centre = _c_arm_parts(geometry.camera_from_world)
        fields |= {"PositionerPrimaryAngle": primary, "PositionerSecondaryAngle": secondary}
        fields["DistanceSourceToPatient"] = to_centre
        losses += [f"a roll of {roll:.3f} degrees about the beam"] if abs(roll) > 1e-9 else []
        losses += [f"the isocentre at {np.round(centre, 2).tolist()} mm"] if np.abs(centre).max() > 1e-9 else []
    return WrittenGeometry(fields, tuple(losses))


def _detector(fields: Fields) -> Camera:
    middle = None
    if fields.get("principal_point_px") is not None:
        u, v = numbers_field(fields, "principal_point_px", (2,))
        middle = (float(u), float(v))
    return camera_from_detector(
        side_field(fields, "rows"),
        side_field(fields, "columns"),
        row_spacing_mm=number_field(fields, "row_spacing_mm"),
        column_spacing_mm=number_field(fields, "column_spacing_mm"),
        source_to_detector_mm=number_field(fields, "source_to_detector_mm"),
        principal_point_px=middle,
    )


def _lengths(geometry: ImagingGeometry, kind: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    camera, distance = geometry.camera, geometry.require_distance(kind)
    matrix = camera.intrinsic_matrix
    fields = {
        "rows": camera.rows,
        "columns": camera.columns,
        "row_spacing_mm": distance / float(matrix[1, 1]),
        "column_spacing_mm": distance / float(matrix[0, 0]),
        "source_to_detector_mm": distance,
        "principal_point_px": [float(matrix[0, 2]), float(matrix[1, 2])],
    }
    return fields, tuple(_skew_loss(camera))


def _skew_loss(camera: Camera) -> list[str]:
    skew = float(camera.intrinsic_matrix[0, 1])
    return [f"the skew of {skew:g} px"] if abs(skew) > 1e-9 else []


def _xa_place(fields: Fields) -> Mat44 | None:
    """Return the place that angles and distance give, None without them."""
    needed = ("PositionerPrimaryAngle", "PositionerSecondaryAngle", "DistanceSourceToPatient")
    if any(fields.get(name) is None for name in needed):
        return None
    primary, secondary, distance = (number_field(fields, name) for name in needed)
    return c_arm_camera_from_world(primary, secondary, distance)


def _c_arm_parts(camera_from_world: Mat44) -> tuple[float, float, float, float, Float64]:
    """Return primary, secondary and roll (degrees), the distance to the isocentre, and the isocentre in the world (mm).

    With `level` the camera at angles of 0, the rotation is level Ry(-roll) Rx(secondary) Rz(-primary): the secondary
    angle is in [-90, 90]. At +-90 degrees roll and primary turn about one axis; the roll is then 0.

    Raises
    ------
    GeometryError
        If the world's origin is not in front of the source.
    """
    level = c_arm_camera_from_world(0.0, 0.0, 1.0)[:3, :3]
    rotation, shift = camera_from_world[:3, :3], camera_from_world[:3, 3]
    if shift[2] <= 0.0:
        raise GeometryError(f"expected the world's origin in front of the source, got a depth of {shift[2]:.1f} mm")
    turned = level.T @ rotation
    secondary = -np.arcsin(np.clip(turned[1, 2], -1.0, 1.0))
    if np.hypot(turned[1, 0], turned[1, 1]) < 1e-9:
        roll, primary = 0.0, -np.arctan2(-turned[0, 1], turned[0, 0])
    else:
        roll, primary = -np.arctan2(turned[0, 2], turned[2, 2]), -np.arctan2(turned[1, 0], turned[1, 1])
    centre = -rotation.T @ [shift[0], shift[1], 0.0]
    angles = [float(np.rad2deg(angle)) for angle in (primary, secondary, roll)]
    return angles[0], angles[1], angles[2], float(shift[2]), centre
