"""The outline of an object in a frame: the edge of its DRR, rendered with the frame's own camera. Lengths in mm."""

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat44, Points
from fluoropose.drr.renderer import AbstractRenderer
from fluoropose.geometry.camera import Camera, project
from fluoropose.geometry.rigid import transform
from fluoropose.imaging.contours import contour_polygons

__all__ = ["object_outline"]

_SIDE_PX = 384
"""The object is rendered with at most about this many pixels along its longer side; points lie between them."""

_EDGE_SHARE = 0.05
"""The outline lies where the line integral is this share of the largest one in the picture. With voxels of 0.8 mm a
ball of 30 mm then has its radius to a fifth of a voxel (tested)."""

_NEAREST_MM = 1.0
_MARGIN_PX = 2.0

_BEYOND = 0.5
"""The outline goes on beyond the frame, by at most this share of the frame's side, so that a frame cuts it, not we."""


def object_outline(
    renderer: AbstractRenderer, camera: Camera, camera_from_volume: Mat44, corners_mm: Points
) -> tuple[Float64, ...]:
    """Return the object's outline as closed polygons, each (n, 2) pixels of the frame (column, row), holes included.

    Parameters
    ----------
    renderer : renders the object
    camera : the frame's camera, with any principal point and focal lengths
    camera_from_volume : the pose
    corners_mm : the corners of the object's box in the volume, shape (8, 3)

    Notes
    -----
    A point is inside the object's picture where an odd number of polygons go round it. The tuple is empty where the
    frame shows nothing of the object.
    """
    box = _object_box(camera, transform(camera_from_volume, corners_mm))
    if box is None:
        return ()
    low, high = box
    factor = max(1.0, float((high - low).max()) / _SIDE_PX)
    part = camera.crop(low, low + np.ceil((high - low) / factor) * factor).scale_pixels(factor)
    lines: Float32 = renderer.render(part, camera_from_volume)
    most = float(lines.max())
    if most <= 0.0:
        return ()
    polygons = contour_polygons(lines, _EDGE_SHARE * most)
    return tuple((polygon + 0.5) * factor - 0.5 + low for polygon in polygons)


def _object_box(camera: Camera, corners_camera_mm: Points) -> tuple[Float64, Float64] | None:
    """Return the first and the last pixel (column, row) of an object's picture, None if the frame shows none of it."""
    side = np.array([camera.columns, camera.rows], np.float64)
    least, most = -np.floor(_BEYOND * side), side + np.floor(_BEYOND * side)
    depths = corners_camera_mm[:, 2]
    if depths.max() < _NEAREST_MM:
        return None
    if depths.min() < _NEAREST_MM:
        return least, most
    pixels = project(camera, corners_camera_mm)
    low, high = np.floor(pixels.min(axis=0) - _MARGIN_PX), np.ceil(pixels.max(axis=0) + _MARGIN_PX)
    if (high < 0).any() or (low > side - 1).any():
        return None
    return np.maximum(low, least), np.minimum(high, most)
