"""The three objects that ship, by name, each with the C-arm of its demo. Lengths in mm."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fluoropose.arrays import Mat33, Vec3
from fluoropose.errors import UnknownCaseError
from fluoropose.geometry.camera import Camera, camera_from_detector
from fluoropose.geometry.rotation import about_x, about_y
from fluoropose.imaging.volume import Volume
from fluoropose.objects import knee, plate, probe
from fluoropose.objects.shapes import Part, voxelise

__all__ = ["OBJECTS", "ShippedObject", "shipped_object"]


@dataclass(frozen=True, slots=True, eq=False)
class ShippedObject:
    """A procedural object: its solids, its voxel size, its expected view and the C-arm of its demo."""

    name: str
    title: str
    parts: Callable[[], list[Part]]
    half_extent_mm: Vec3
    voxel_mm: float
    base_rotation: Mat33
    pixel_mm: float
    source_to_detector_mm: float
    range_mm: float

    @property
    def source(self) -> str:
        """The identity of the object's data; raise its number when the solids, the voxel size or the view change."""
        return f"procedural:{self.name}:1"

    def volume(self, voxel_mm: float | None = None) -> Volume:
        """Return the attenuation in 1/mm at a voxel size, by default the object's own."""
        return voxelise(self.parts(), self.half_extent_mm, voxel_mm or self.voxel_mm)

    def camera(self, side_px: int = 512) -> Camera:
        """Return the camera of the demo's C-arm. Another `side_px` changes the pixels' size, not the detector's."""
        pitch = self.pixel_mm * 512 / side_px
        return camera_from_detector(
            side_px,
            side_px,
            row_spacing_mm=pitch,
            column_spacing_mm=pitch,
            source_to_detector_mm=self.source_to_detector_mm,
        )


_HEAD_UP = about_x(np.pi / 2)
"""The view along +y (from the front) with the head up in the picture: +x to the right, +z (superior) up."""

OBJECTS = {
    item.name: item
    for item in (
        ShippedObject(
            name="knee",
            title="femoral knee component",
            parts=knee.knee_parts,
            half_extent_mm=knee.HALF_EXTENT_MM,
            voxel_mm=0.6,
            base_rotation=about_y(np.deg2rad(55.0)) @ _HEAD_UP,
            pixel_mm=0.5,
            source_to_detector_mm=1200.0,
            range_mm=890.0,
        ),
        ShippedObject(
            name="plate",
            title="volar plate",
            parts=plate.plate_parts,
            half_extent_mm=plate.HALF_EXTENT_MM,
            voxel_mm=0.4,
            base_rotation=about_y(np.deg2rad(35.0)) @ _HEAD_UP,
            pixel_mm=0.35,
            source_to_detector_mm=1200.0,
            range_mm=890.0,
        ),
        ShippedObject(
            name="probe",
            title="transoesophageal echo probe",
            parts=probe.probe_parts,
            half_extent_mm=probe.HALF_EXTENT_MM,
            voxel_mm=0.28,
            base_rotation=about_y(np.deg2rad(25.0)) @ _HEAD_UP,
            pixel_mm=0.3,
            source_to_detector_mm=1200.0,
            range_mm=850.0,
        ),
    )
}


def shipped_object(name: str) -> ShippedObject:
    """Return the shipped object of that name.

    Raises
    ------
    UnknownCaseError
        If no shipped object has that name; the message lists the names.
    """
    if name not in OBJECTS:
        raise UnknownCaseError(f"expected an object of {', '.join(OBJECTS)}, got {name!r}")
    return OBJECTS[name]
