"""A small camera that follows the object: the part of a detector's picture around it. Lengths in mm."""

import numpy as np

from fluoropose.arrays import Float64
from fluoropose.drr.case import Case
from fluoropose.geometry.camera import Camera

__all__ = ["PICTURE_PX", "picture_camera"]

PICTURE_PX = 176
_FINER_SHARE = 1.25
"""Focal length over that of the canonical view: between those that binned frames have (1 to 2)."""


def picture_camera(case: Case, six: Float64, size_px: int = PICTURE_PX) -> Camera:
    """Return the camera whose middle pixel is where the object's centre is seen at the pose."""
    focal_px = _FINER_SHARE * case.atlas.view.camera.focal_px
    middle = (size_px - 1) / 2 - focal_px * six[:2] / six[2]
    return Camera(size_px, size_px, np.array([[focal_px, 0, middle[0]], [0, focal_px, middle[1]], [0, 0, 1.0]]))
