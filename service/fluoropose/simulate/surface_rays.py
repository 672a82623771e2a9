"""A renderer without voxels: line integrals through closed surfaces of triangles, exact for each pixel's ray. mm.

A ray that passes a closed surface is inside it between each entry and the next exit. So its length inside is the sum,
over the facets that it meets, of the distance to a facet that it leaves through less that to one it enters by. Facets
are drawn one by one into the picture; which of two neighbours covers a pixel is told by one computation for both, so
that a ray through their common edge meets one of them. Nothing here is shared with the renderers that sample volumes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fluoropose.arrays import Float64, Mat33, Mat44, Points
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rigid import transform

__all__ = ["Surface", "surface_lines"]


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A closed surface and what its inside adds to the attenuation, 1/mm; surfaces within one another add up.

    Attributes
    ----------
    vertices_mm : float64 (vertices, 3), in the volume
    faces : int64 (facets, 3), counter-clockwise as seen from outside
    attenuation_per_mm : what the inside adds
    """

    vertices_mm: Points
    faces: NDArray[np.int64]
    attenuation_per_mm: float


def surface_lines(
    surfaces: Sequence[Surface], camera: Camera, camera_from_volume: Mat44, rays_per_side: int = 2
) -> Float64:
    """Return the line integrals (rows, columns) of an object in front of the source.

    A pixel has `rays_per_side` squared rays, whose transmissions are averaged, as a pixel does.
    """
    fine = camera.scale_pixels(1.0 / rays_per_side)
    lines = np.zeros((fine.rows, fine.columns))
    pixel_from_ray = fine.intrinsic_matrix
    ray_from_pixel = np.linalg.inv(pixel_from_ray)
    for surface in surfaces:
        points = np.ascontiguousarray(transform(camera_from_volume, surface.vertices_mm))
        seen = points @ pixel_from_ray.T
        pixels = np.ascontiguousarray(seen[:, :2] / seen[:, 2:])
        _draw(points, pixels, surface.faces, ray_from_pixel, surface.attenuation_per_mm, lines)
    transmitted = np.exp(-np.maximum(lines, 0.0))
    shape = (camera.rows, rays_per_side, camera.columns, rays_per_side)
    return np.asarray(-np.log(transmitted.reshape(shape).mean(axis=(1, 3))))


@njit(cache=True, nogil=True)
def _draw(
    points: Points, pixels: Float64, faces: NDArray[np.int64], ray_from_pixel: Mat33, weight: float, lines: Float64
) -> None:
    """Add each facet's distance along the rays that meet it, times `weight`: positive where they leave the inside."""
    rows, columns = lines.shape
    for n in range(faces.shape[0]):
        i, j, k = faces[n, 0], faces[n, 1], faces[n, 2]
        a, b, c = points[i], points[j], points[k]
        normal = np.cross(b - a, c - a)
        reach = normal[0] * a[0] + normal[1] * a[1] + normal[2] * a[2]
        twice_area = _side(pixels, i, j, pixels[k, 0], pixels[k, 1])
        if twice_area == 0.0 or min(a[2], b[2], c[2]) <= 0.0:
            continue
        turn = 1.0 if twice_area > 0.0 else -1.0
        nearest, farthest = min(a[2], b[2], c[2]), max(a[2], b[2], c[2])
        left = max(int(np.ceil(min(pixels[i, 0], pixels[j, 0], pixels[k, 0]))), 0)
        right = min(int(np.floor(max(pixels[i, 0], pixels[j, 0], pixels[k, 0]))), columns - 1)
        top = max(int(np.ceil(min(pixels[i, 1], pixels[j, 1], pixels[k, 1]))), 0)
        low = min(int(np.floor(max(pixels[i, 1], pixels[j, 1], pixels[k, 1]))), rows - 1)
        for v in range(top, low + 1):
            for u in range(left, right + 1):
                if not (
                    _is_beyond(pixels, i, j, u, v, turn)
                    and _is_beyond(pixels, j, k, u, v, turn)
                    and _is_beyond(pixels, k, i, u, v, turn)
                ):
                    continue
                x = ray_from_pixel[0, 0] * u + ray_from_pixel[0, 1] * v + ray_from_pixel[0, 2]
                y = ray_from_pixel[1, 1] * v + ray_from_pixel[1, 2]
                across = normal[0] * x + normal[1] * y + normal[2]
                depth = reach / across if across != 0.0 else nearest
                depth = min(max(depth, nearest), farthest)
                # Seen from the source, a facet that faces it turns the other way than one that is left through.
                lines[v, u] += turn * weight * depth * np.sqrt(1.0 + x * x + y * y)


@njit(cache=True, nogil=True)
def _side(pixels: Float64, first: int, second: int, u: float, v: float) -> float:
    """Return on which side of the line from one vertex to another a pixel lies: positive to its right."""
    along_u, along_v = pixels[second, 0] - pixels[first, 0], pixels[second, 1] - pixels[first, 1]
    return along_u * (v - pixels[first, 1]) - along_v * (u - pixels[first, 0])


@njit(cache=True, nogil=True)
def _is_beyond(pixels: Float64, first: int, second: int, u: int, v: int, turn: float) -> bool:
    """Tell whether a pixel lies on the inner side of a facet's edge; one on the edge is with one of its two facets."""
    if first < second:
        side = _side(pixels, first, second, u, v)
        return side >= 0.0 if turn > 0.0 else side < 0.0
    side = _side(pixels, second, first, u, v)
    return side < 0.0 if turn > 0.0 else side >= 0.0
