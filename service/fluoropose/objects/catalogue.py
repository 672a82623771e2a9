"""The three objects that ship, by name, with the C-arm each is looked at with. Lengths in mm."""

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
    """A procedural object: its solids, sampling, expected view and the C-arm of its demo."""

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
        """What names the drawing: change it whenever the solids, voxel or view of an object change."""
        return f"procedural:{self.name}:1"

    def volume(self, voxel_mm: float | None = None) -> Volume:
        """Return the attenuation in 1/mm at the object's own or a given voxel size."""
        return voxelise(self.parts(), self.half_extent_mm, voxel_mm or self.voxel_mm)

    def camera(self, side_px: int = 512) -> Camera:
        """Return the demo's C-arm; another `side_px` keeps the detector's size and changes its pixels."""
        pitch = self.pixel_mm * 512 / side_px
        return camera_from_detector(
            side_px,
            side_px,
            row_spacing_mm=pitch,
            column_spacing_mm=pitch,
            source_to_detector_mm=self.source_to_detector_mm,
        )


_HEAD_UP = about_x(np.pi / 2)
"""Head up in the image, looking along +y (posterior): x to the right, superior (z) up."""

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
        If there is none; the message lists the names.
    """
    if name not in OBJECTS:
        raise UnknownCaseError(f"expected an object of {', '.join(OBJECTS)}, got {name!r}")
    return OBJECTS[name]
