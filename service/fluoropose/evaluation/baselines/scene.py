"""What all baselines look at: the frame around the object and the object's DRR, on pictures of several resolutions.

A level is named by its pixel at the object as a share of the object's size. The frame is binned to it; the volume is
binned too, so that a coarse DRR is as smooth as the coarse frame and cheap. Pictures are line integrals; lengths in mm.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fluoropose.arrays import Float32, Mat44, Points
from fluoropose.drr.case import Case
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.errors import InputError
from fluoropose.geometry.camera import Camera, project
from fluoropose.geometry.rigid import transform
from fluoropose.imaging.volume import Volume
from fluoropose.imaging.xray import Exposure, line_integral_image

__all__ = ["Level", "Target", "Window", "bin_volume", "window_around"]

_LEAST_SIDE_PX = 8
_LEAST_VOXELS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A part of a picture: the `camera` that sees just that part, and where it lies."""

    camera: Camera
    rows: slice
    columns: slice


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """One resolution: the whole binned frame (line integrals), its camera, the renderer of the binned object."""

    frame: Float32
    camera: Camera
    renderer: CpuRenderer

    def drr(self, camera: Camera, camera_from_volume: Mat44, floor: float) -> Float32:
        """Return the object's DRR as a detector shows it that never sees less than `floor` of the open beam.

        Scatter and read-out see to such a floor; without it thick metal would outshine all of its own edges.
        """
        lines = self.renderer.render(camera, camera_from_volume)
        return np.asarray(-np.log(np.exp(-lines) + np.float32(floor)), np.float32)


class Target:
    """A case ready to be rendered at any level; binned volumes are kept, and what a method puts into `kept`."""

    def __init__(self, case: Case) -> None:
        """Keep the case."""
        self.case = case
        self.kept: dict[Any, Any] = {}
        self._renderers: dict[int, CpuRenderer] = {}

    def level(self, exposure: Exposure, pixel_share: float) -> Level:
        """Return the frame and the object with pixels of about `pixel_share` of the object's size."""
        wanted_mm = pixel_share * self.case.size_mm
        factor = max(1, round(wanted_mm * exposure.camera.focal_px / self.case.atlas.view.range_mm))
        frame = line_integral_image(exposure.pixels, exposure.meaning, factor, exposure.inverted)
        return Level(frame, exposure.camera.scale_pixels(factor), self.renderer(wanted_mm))

    def renderer(self, pixel_mm: float) -> CpuRenderer:
        """Return a renderer whose voxels are the largest whole multiple that a pixel (mm at the object) allows."""
        volume = self.case.volume
        spacing = float(volume.spacing_mm.min())
        most = max(1, min(volume.values.shape) // _LEAST_VOXELS)
        factor = min(max(1, int(pixel_mm / spacing)), most)
        if factor not in self._renderers:
            self._renderers[factor] = CpuRenderer(bin_volume(volume, factor), factor * spacing)
        return self._renderers[factor]


def bin_volume(volume: Volume, factor: int) -> Volume:
    """Return the volume with `factor` voxels averaged along each axis, padded with zeros to whole ones."""
    if factor == 1:
        return volume
    # One empty voxel all round: interpolation then reaches the outer half voxel that binning would cut off.
    widths = [(factor, factor + -n % factor) for n in volume.values.shape]
    values = np.pad(volume.values, widths)
    i, j, k = (n // factor for n in values.shape)
    mean = values.reshape(i, factor, j, factor, k, factor).mean(axis=(1, 3, 5), dtype=np.float64)
    place = np.eye(4)
    place[:3, :3] *= factor
    place[:3, 3] = 0.5 * (factor - 1) - factor
    return Volume(mean.astype(np.float32), volume.lps_from_index @ place)


def window_around(camera: Camera, camera_from_volume: Mat44, corners_mm: Points, margin: float) -> Window:
    """Return the part of a picture that shows the object's box, widened by `margin` of its larger side.

    Raises
    ------
    InputError
        If the object is outside the picture.
    """
    seen = project(camera, transform(camera_from_volume, corners_mm))
    wider = margin * float(np.ptp(seen, axis=0).max())
    size = np.array([camera.columns, camera.rows])
    low = np.clip(np.floor(seen.min(axis=0) - wider).astype(int), 0, size)
    high = np.clip(np.ceil(seen.max(axis=0) + wider).astype(int) + 1, 0, size)
    if (high - low < _LEAST_SIDE_PX).any():
        raise InputError(f"expected the object inside the frame, got its box at pixels {low} to {high}")
    return Window(camera.crop(low, high), slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))
