"""What looks unlikely in a geometry: hints for a person, each with how sure it is. Lengths in mm."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from fluoropose.geometry.camera import off_centre_px
from fluoropose.geometry.conversion.imaging_geometry import ImagingGeometry

__all__ = ["GeometryFinding", "find_unlikely_geometry"]

_FAR_SHARE, _VERY_FAR_SHARE = 0.15, 0.5
"""A principal point is far from the picture's middle from this share of its longer side. The real calibrations beside
which this was chosen lie within 0.12 (MayaCam files of two laboratories)."""

_FOCAL_RATIO = 1.03
_SHORT_DETECTOR_MM, _LONG_DETECTOR_MM = 500.0, 2500.0
_SMALL_FIELD_MM, _LARGE_FIELD_MM = 60.0, 700.0
_SKEW_DEG = 0.5


@dataclass(frozen=True, slots=True)
class GeometryFinding:
    """A finding: a stable code, how bad it is, what it says, and how sure it is, 0 to 1."""

    code: str
    severity: Literal["error", "warning", "note"]
    text: str
    certainty: float


def find_unlikely_geometry(
    geometry: ImagingGeometry, detector_field_mm: float | None = None
) -> tuple[GeometryFinding, ...]:
    """Return what looks unlikely in a geometry; an empty tuple where nothing does.

    `detector_field_mm` is the length of the detector's longer side, where the caller knows it (DICOM's Intensifier Size
    or Field of View Dimension): the surest sign of spacings that hold at the isocentre.
    """
    found = [*_principal_point(geometry), *_pixels(geometry), *_distances(geometry, detector_field_mm)]
    if geometry.is_first_guess:
        text = "the numbers are a machine's display, no calibration: poses may be off by several per cent in depth"
        found.append(GeometryFinding("first-guess", "note", text, 1.0))
    return tuple(found)


def _principal_point(geometry: ImagingGeometry) -> list[GeometryFinding]:
    camera = geometry.camera
    away = off_centre_px(camera)
    share = away / max(camera.columns, camera.rows)
    if share < _FAR_SHARE:
        return []
    text = (
        f"the principal point lies {away:.0f} px from the picture's middle ({100 * share:.0f} % of its "
        "side): is it that of an uncropped or unbinned picture, or counted from the other corner?"
    )
    severity: Literal["error", "warning"] = "error" if share > _VERY_FAR_SHARE else "warning"
    return [GeometryFinding("principal-point-far", severity, text, 0.9 if share > _VERY_FAR_SHARE else 0.6)]


def _pixels(geometry: ImagingGeometry) -> list[GeometryFinding]:
    matrix = geometry.camera.intrinsic_matrix
    ratio = float(matrix[0, 0] / matrix[1, 1])
    found = []
    if max(ratio, 1.0 / ratio) > _FOCAL_RATIO:
        text = f"the focal lengths differ by {100 * abs(ratio - 1.0):.1f} %: detectors have square pixels nearly always"
        found.append(GeometryFinding("pixels-not-square", "warning", text, 0.6))
    skew_deg = float(np.rad2deg(np.arctan2(abs(matrix[0, 1]), matrix[1, 1])))
    if skew_deg > _SKEW_DEG:
        text = f"rows and columns are {skew_deg:.1f} degrees from a right angle: a detector has none"
        found.append(GeometryFinding("skewed-pixels", "warning", text, 0.7))
    return found


def _distances(geometry: ImagingGeometry, detector_field_mm: float | None) -> list[GeometryFinding]:
    """Return findings on lengths: of a detector's distance, of its size, of spacings that hold at the isocentre."""
    distance = geometry.source_to_detector_mm
    if distance is None:
        return _field_angle(geometry)
    found = []
    if not _SHORT_DETECTOR_MM <= distance <= _LONG_DETECTOR_MM:
        text = f"the detector is {distance:.0f} mm from the source; C-arms have 900 to 1300 mm (is the unit mm?)"
        found.append(GeometryFinding("unlikely-distance", "warning", text, 0.8))
    side_mm = distance * _width_over_focal(geometry)
    if detector_field_mm is not None and detector_field_mm > 0.0 and not 0.9 < side_mm / detector_field_mm < 1.1:
        share = side_mm / detector_field_mm
        text = (
            f"the pixels cover {side_mm:.0f} mm, the detector {detector_field_mm:.0f} mm: the spacing holds at "
            f"{100 * share:.0f} % of the distance, as at an isocentre, and not on the detector"
        )
        found.append(GeometryFinding("isocenter-spacing", "error", text, 0.9 if share < 1.0 else 0.6))
    elif not _SMALL_FIELD_MM <= side_mm <= _LARGE_FIELD_MM:
        text = f"the pixels cover {side_mm:.0f} mm; detectors are 150 to 430 mm wide"
        found.append(GeometryFinding("unlikely-field", "warning", text, 0.7))
    return found + _isocenter_spacing(geometry, distance, side_mm, detector_field_mm)


def _isocenter_spacing(
    geometry: ImagingGeometry, distance: float, side_mm: float, detector_field_mm: float | None
) -> list[GeometryFinding]:
    """Return the hint that spacings are smaller than a detector's by just the magnification at the isocentre."""
    place = geometry.camera_from_world
    if place is None or detector_field_mm is not None or not 0.0 < place[2, 3] < distance:
        return []
    magnified_mm = side_mm * distance / float(place[2, 3])
    nearest = min(_USUAL_FIELDS_MM, key=lambda usual: abs(usual - magnified_mm))
    own = min(abs(usual - side_mm) / usual for usual in _USUAL_FIELDS_MM)
    if abs(nearest - magnified_mm) > 0.015 * nearest or own < 0.03:
        return []
    text = (
        f"the pixels cover {side_mm:.0f} mm; times the magnification {distance / float(place[2, 3]):.2f} at the "
        f"isocentre that is {magnified_mm:.0f} mm, a usual detector's side: is the spacing given at the isocentre?"
    )
    return [GeometryFinding("isocenter-spacing", "warning", text, 0.5)]


_USUAL_FIELDS_MM = (152.0, 200.0, 228.0, 260.0, 298.0, 300.0, 305.0, 380.0, 397.0, 406.0, 410.0, 430.0)
"""Sides and diameters of usual C-arm detectors and image intensifiers (6 to 16 inches; flat panels of 20 to 43 cm)."""


def _width_over_focal(geometry: ImagingGeometry) -> float:
    """Return the picture's longer side over its focal length."""
    camera = geometry.camera
    return float(max(camera.columns / camera.intrinsic_matrix[0, 0], camera.rows / camera.intrinsic_matrix[1, 1]))


def _field_angle(geometry: ImagingGeometry) -> list[GeometryFinding]:
    angle = 2.0 * float(np.rad2deg(np.arctan(0.5 * _width_over_focal(geometry))))
    if 3.0 <= angle <= 45.0:
        return []
    text = f"the field of view is {angle:.1f} degrees wide; C-arms have 8 to 25 (focal length in mm for pixels?)"
    return [GeometryFinding("unlikely-field", "warning", text, 0.8)]
