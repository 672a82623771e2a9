"""What the recording gives: two cameras, their frames, and the radius of the CT."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Vec3
from fluoropose.evaluation.studies.mayacam import read_mayacam
from fluoropose.geometry.rig import PlacedCamera, triangulate, viewing_ray
from fluoropose.imaging.attenuation import WATER_PER_MM
from fluoropose.imaging.volume import Volume
from fluoropose.io.frames import read_frame_file
from fluoropose.io.runs import read_run

__all__ = ["CAMERAS", "CLICKS_PX", "FRAMES", "clicked_point", "read_frame", "read_placed_camera", "read_radius"]

CAMERAS, FRAMES = ("cam01", "cam02"), ("0002", "0099")

CLICKS_PX = {"0002": ((875.0, 1347.0), (597.0, 1414.0)), "0099": ((885.0, 1320.0), (640.0, 1320.0))}
"""The middle of the radius as a user would click it, in pixels of the two cameras: where the search begins."""

_SPACING_MM = (0.39625, 0.39625, 0.625)
_TISSUE = 1074.0
"""The values look like HU + 1024; what attenuates more than muscle (50 HU) is what frames show of the bone."""

_FADE_PAGES = (70, 105)
"""The CT ends in a cut through the shaft, which no X-ray shows: attenuation fades out before it."""


def read_radius(data: Path) -> Volume:
    """Return the radius as attenuation (1/mm): columns, rows, pages are x, y, z; the shaft fades out."""
    pages = [page.T for page in read_run(data / "radius.tif").frames]
    values = np.maximum(np.stack(pages, axis=-1).astype(np.float32) - _TISSUE, 0.0) / 1000.0 * WATER_PER_MM
    start, end = _FADE_PAGES
    values *= np.clip((end - np.arange(values.shape[2])) / (end - start), 0.0, 1.0).astype(np.float32)
    return Volume(values, np.diag([*_SPACING_MM, 1.0]))


def read_placed_camera(data: Path, camera: str) -> PlacedCamera:
    """Return a camera with its place from its MayaCam 2.0 file."""
    return read_mayacam(data / f"xr_calib_wrist_{camera}.txt")


def read_frame(data: Path, camera: str, frame: str) -> NDArray[Any]:
    """Return the pixels of one camera at one instant, (rows, columns)."""
    return read_frame_file(data / "frames" / f"{camera}_{frame}.tif")


def clicked_point(data: Path, pixels: tuple[tuple[float, float], ...]) -> Vec3:
    """Return the world point nearest to the rays through one pixel of each camera, mm."""
    placed = [read_placed_camera(data, name) for name in CAMERAS]
    return triangulate([viewing_ray(camera, np.array(pixel)) for camera, pixel in zip(placed, pixels, strict=True)])
