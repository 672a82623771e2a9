"""A renderer of solids whose surface is known: each pixel is the mean of what several exact rays let through.

A voxel at the surface of metal is filled in part, and a ray that passes along the surface through many such voxels is
stopped by them. So a solid of voxels casts a shadow that is wider than its own, by a quarter of a voxel on average: 0.1
mm of a femoral component, as much as 4 to 6 mm of depth (docs/decisions/depth-of-metal.md). Rays through the mesh
itself have no such rim. Their mean is taken of what they let through, as a detector's pixel takes it.
"""

import numpy as np

from fluoropose.arrays import Float32, Float64, Mat44
from fluoropose.drr.renderer import AbstractRenderer
from fluoropose.geometry.camera import Camera, project
from fluoropose.geometry.rigid import transform
from fluoropose.imaging.mesh import Solid
from fluoropose.imaging.mesh_chords import chord_lengths
from fluoropose.similarity.edge_drawing import CONTRAST, HARDENING

__all__ = ["MeshRenderer", "mean_lines"]

_RAYS = 4
"""Rays across a pixel, each way."""

_LEAST_SHOWN = 1e-6
"""Less light than this share is none: line integrals end at about 60."""


class MeshRenderer(AbstractRenderer):
    """A renderer of a solid of one material."""

    averages_pixels = True

    def __init__(self, solid: Solid) -> None:
        """Keep the solid."""
        self.solid = solid

    def render(self, camera: Camera, camera_from_volume: Mat44) -> Float32:
        """Return the line integrals, float32 (rows, columns)."""
        picture = np.zeros((camera.rows, camera.columns), np.float32)
        seen = project(camera, transform(camera_from_volume, self.solid.mesh.vertices_mm))
        sides = [camera.columns, camera.rows]
        low, high = (np.clip(end, 0, sides) for end in (np.floor(seen.min(axis=0)), np.ceil(seen.max(axis=0)) + 1))
        # A camera has two pixels each way at least.
        if (high - low >= 2).all():
            part = camera.crop(low, high)
            lengths = chord_lengths(self.solid.mesh, part, camera_from_volume, _RAYS)
            inside = (slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))
            picture[inside] = mean_lines(self.solid.attenuation_per_mm * lengths, _RAYS)
        return picture


def mean_lines(lines: Float64, rays: int) -> Float32:
    """Return the line integral of each pixel that shows what its rays (rows x rays, columns x rays) show on average.

    A line integral L is shown as in `similarity.edge_drawing`, without scatter: exp(-c L / sqrt(1 + h L)).
    """
    rows, columns = lines.shape[0] // rays, lines.shape[1] // rays
    shown = np.ones((rows, columns))
    blocks = lines.reshape(rows, rays, columns, rays)
    v, u = np.nonzero(blocks.any(axis=(1, 3)))
    met = blocks[v, :, u, :]
    shown[v, u] = np.exp(-CONTRAST * met / np.sqrt(1.0 + HARDENING * met)).mean(axis=(1, 2))
    depth = -np.log(np.maximum(shown, _LEAST_SHOWN)) / CONTRAST
    # depth = L / sqrt(1 + h L), solved for L.
    half = 0.5 * HARDENING * depth * depth
    return np.asarray(half + np.sqrt(half * half + depth * depth), np.float32)
