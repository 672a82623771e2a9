"""Pictures of the study: cut-outs of the implant with the outlines of the reference and of the answer."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Bool, Mat44
from fluoropose.geometry.camera import Camera, project
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import transform
from fluoropose.imaging.mesh import Mesh
from fluoropose.imaging.mesh_chords import chord_lengths
from fluoropose.io.pictures import overlay_panels, save_picture

__all__ = ["cut_out", "save_picture"]

_GREEN, _BLUE = (60, 255, 90), (90, 160, 255)


def cut_out(
    title: str, pixels: NDArray[Any], placed: PlacedCamera, mesh: Mesh, poses: tuple[Mat44, Mat44], side_px: int
) -> NDArray[np.uint8]:
    """Return the part of a frame around an implant, with the rims of two poses: the reference and what was found.

    `poses` are world_from_object. The part is moved into the frame where the implant is at its border.
    """
    seen = project(placed.camera, transform(placed.camera_from_world @ poses[0], mesh.ends_mm)).mean(axis=0)
    sides = np.array([placed.camera.columns, placed.camera.rows])
    low = np.clip(np.round(seen) - side_px // 2, 0, sides - side_px).astype(int)
    part = placed.camera.crop(low.astype(np.float64), (low + side_px).astype(np.float64))
    inside = (slice(int(low[1]), int(low[1]) + side_px), slice(int(low[0]), int(low[0]) + side_px))
    rims = [_rim(mesh, part, placed.camera_from_world @ pose) for pose in poses]
    return overlay_panels(pixels[inside], [(title, [(rims[0], _BLUE), (rims[1], _GREEN)])])


def _rim(mesh: Mesh, camera: Camera, camera_from_object: Mat44) -> Bool:
    """Return the pixels outside a silhouette that touch it."""
    covered = np.pad(chord_lengths(mesh, camera, camera_from_object) > 0, 1)
    beside = covered[:-2, 1:-1] | covered[2:, 1:-1] | covered[1:-1, :-2] | covered[1:-1, 2:]
    return np.asarray(beside & ~covered[1:-1, 1:-1])
