"""The rim of a mesh in a picture: points of its outer silhouette with their normals, and what a detector would show.

Points are middles of mesh edges between a facet that faces the source and one that does not. Kept are those at the
border between what the object covers and what it does not, where that border is straight enough for a normal.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from fluoropose.arrays import Bool, Float64, Mat44, Points
from fluoropose.geometry.camera import Camera, project
from fluoropose.geometry.rigid import inverse, transform
from fluoropose.imaging.mesh import Mesh
from fluoropose.imaging.mesh_chords import chord_lengths
from fluoropose.imaging.mesh_edges import count_edges

__all__ = ["Rim", "RimFinder"]

_RAYS, _MARGIN_PX = 3, 14
_NORMAL_PX = 1.5
"""Coverage is smoothed by so much before its slope gives the normals."""

_OFF_MIDDLE, _STRAIGHT = 0.2, 0.75
"""A point of the rim has a smoothed coverage of 0.5 within so much, and this share of a straight rim's slope."""

_CELL_PX = 0.7
"""One point is kept in each cell of this size."""

_METAL_PER_MM = 0.6
"""For the picture that a detector would show; metal this thick is opaque, so the value hardly matters."""


@dataclass(frozen=True, slots=True, eq=False)
class Rim:
    """Points of a silhouette: in the object, mm (n, 3), in the picture and their outward normals, px (n, 2).

    `shown` is what a detector with a blur would show in the part of the picture from `corner` (column, row) on.
    """

    points_mm: Points
    pixels: Float64
    normals: Float64
    shown: Float64
    corner: Float64


class RimFinder:
    """Finds the rim of one mesh from any side."""

    def __init__(self, mesh: Mesh) -> None:
        """Prepare the edges that two facets share."""
        self.mesh = mesh
        edges = count_edges(mesh)
        order = np.argsort(edges.of_side, kind="stable")
        sides = order[edges.counts[edges.of_side[order]] == 2].reshape(-1, 2)
        self._facets = sides // 3
        ends = np.stack([edges.begin[sides[:, 0]], edges.end[sides[:, 0]]], axis=1)
        self._middles_mm = mesh.vertices_mm[ends].mean(axis=1)
        a, b, c = mesh.vertices_mm[mesh.faces].transpose(1, 0, 2)
        self._normals, self._offsets = np.cross(b - a, c - a), a

    def find(self, camera: Camera, camera_from_object: Mat44, blur_px: float) -> Rim:
        """Return the rim as a camera sees it; the picture is blurred by `blur_px`."""
        points = self._middles_mm[self._is_silhouette(camera_from_object)]
        shown, covered, corner = self._expose(camera, camera_from_object, blur_px)
        pixels = project(camera, transform(camera_from_object, points))
        smooth = gaussian_filter(covered, _NORMAL_PX)
        at = (pixels - corner).T[::-1]
        down, along = (map_coordinates(slope, at, order=1) for slope in np.gradient(smooth))
        steep = np.hypot(along, down)
        straight = steep > _STRAIGHT / (np.sqrt(2.0 * np.pi) * _NORMAL_PX)
        kept = straight & (np.abs(map_coordinates(smooth, at, order=1) - 0.5) < _OFF_MIDDLE)
        kept &= _is_within(pixels - corner, shown.shape, 8)
        kept[kept] = _one_per_cell(pixels[kept])
        # Coverage falls outwards.
        normals = -np.stack([along, down], axis=1)[kept] / steep[kept, None]
        return Rim(points[kept], pixels[kept], normals, shown, corner)

    def _is_silhouette(self, camera_from_object: Mat44) -> Bool:
        source = inverse(camera_from_object)[:3, 3]
        faces_source = ((source - self._offsets) * self._normals).sum(axis=1) > 0
        return np.asarray(faces_source[self._facets[:, 0]] != faces_source[self._facets[:, 1]])

    def _expose(self, camera: Camera, camera_from_object: Mat44, blur_px: float) -> tuple[Float64, Float64, Float64]:
        """Return what comes through, what is covered, and the first (column, row) of the part with the object."""
        seen = project(camera, transform(camera_from_object, self.mesh.vertices_mm))
        low = np.clip(np.floor(seen.min(axis=0)) - _MARGIN_PX, 0, None)
        high = np.clip(np.ceil(seen.max(axis=0)) + _MARGIN_PX, low + 2, [camera.columns, camera.rows])
        part = camera.crop(low, high)
        lengths = chord_lengths(self.mesh, part, camera_from_object, _RAYS)
        blocks = lengths.reshape(part.rows, _RAYS, part.columns, _RAYS)
        through = np.exp(-_METAL_PER_MM * blocks).mean(axis=(1, 3))
        return gaussian_filter(through, blur_px), (blocks > 0).mean(axis=(1, 3)), low


def _is_within(pixels: Float64, shape: tuple[int, ...], margin: int) -> Bool:
    return np.asarray(((pixels > margin) & (pixels < np.array(shape[::-1]) - margin - 1)).all(axis=1))


def _one_per_cell(pixels: Float64) -> NDArray[np.bool_]:
    _, first = np.unique(np.round(pixels / _CELL_PX).astype(int), axis=0, return_index=True)
    kept = np.zeros(len(pixels), bool)
    kept[first] = True
    return kept
