"""A small lopsided solid seen by two cameras, exposed from its mesh: frames whose edges are exact."""

import numpy as np
from scipy.ndimage import gaussian_filter

from fluoropose.geometry.camera import camera_from_intrinsics
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import exp, rigid
from fluoropose.geometry.rotation import about_y
from fluoropose.imaging.mesh_chords import chord_lengths
from support.meshes import joined, moved, sphere_mesh

MESH = joined(
    moved(sphere_mesh(9.0, 4), [6.0, 1.0, 0.0]),
    moved(sphere_mesh(6.0, 4), [-9.0, 6.0, 3.0]),
    moved(sphere_mesh(5.0, 4), [-4.0, -12.0, -4.0]),
)

POSE = rigid(exp(np.array([0.3, -0.2, 0.5, 0, 0, 0]))[:3, :3], np.array([2.0, -1.0, 3.0]))
"""world_from_object."""


def two_cameras(side=256):
    """Return two cameras 70 degrees apart, 500 mm from the world's origin, 0.2 mm a pixel there."""
    middle = (side - 1) / 2
    camera = camera_from_intrinsics(side, side, [[2500.0, 0, middle], [0, 2500.0, middle], [0, 0, 1]])
    shift = np.array([0.0, 0.0, 500.0])
    return [PlacedCamera(camera, rigid(about_y(angle), shift)) for angle in (0.0, np.deg2rad(70.0))]


def expose_mesh(mesh, placed, world_from_object, blur_px=1.2):
    """Return a frame, uint8: opaque metal in scatter, half of what comes through beside it."""
    lengths = chord_lengths(mesh, placed.camera, placed.camera_from_world @ world_from_object, 3)
    rows, columns = placed.camera.rows, placed.camera.columns
    through = np.exp(-0.6 * lengths).reshape(rows, 3, columns, 3).mean(axis=(1, 3))
    return np.round(60.0 + 60.0 * gaussian_filter(through, blur_px)).astype(np.uint8)
