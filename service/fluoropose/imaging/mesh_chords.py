"""How far rays run inside a closed mesh: exact lengths, compiled, in parallel. Lengths in mm, pixels as (column, row).

Where a ray enters a solid the distance from the source is subtracted, where it leaves it is added. So the length is
that between the facets themselves: no voxel widens the solid. Each facet is drawn on the pixels whose centres it covers
(a pixel on a shared edge belongs to one of the two facets, because both compute the edge from the same numbers). The
part that solids have in common counts twice. Bands of rows are drawn in parallel, each with all facets in their order.
"""

from functools import partial
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fluoropose.arrays import Float64, Mat33, Mat44, Points
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rigid import transform
from fluoropose.imaging.mesh import Mesh
from fluoropose.parallel import run_parallel, thread_count

__all__ = ["chord_lengths", "chord_lengths_twin"]

_LEAST_DEPTH_MM = 1.0
"""Facets nearer to the source, or behind it, are not drawn."""


def chord_lengths(
    mesh: Mesh, camera: Camera, camera_from_volume: Mat44, rays: int = 1, bands: int | None = None
) -> Float64:
    """Return the length in mm that each ray runs inside a mesh, (rows x rays, columns x rays).

    Parameters
    ----------
    mesh : a closed surface that faces outwards
    camera : the camera whose pixels are divided
    camera_from_volume : the pose of the mesh's frame, (4, 4)
    rays : rays across a pixel, each way
    bands : how many bands of rows are drawn in parallel, by default one per core; the lengths do not depend on it
    """
    corners = transform(camera_from_volume, mesh.vertices_mm)
    lengths = np.zeros((camera.rows * rays, camera.columns * rays))
    matrix = _divided(camera, rays)
    seen = _place(corners, matrix)
    ends = np.linspace(0, len(lengths), 1 + (bands or thread_count())).astype(int)
    run_parallel(
        [
            partial(_add_facets, corners, seen, mesh.faces, matrix, top, lengths[top:low])
            for top, low in pairwise(ends.tolist())
        ]
    )
    return np.maximum(lengths, 0.0)


def chord_lengths_twin(mesh: Mesh, camera: Camera, camera_from_volume: Mat44, rays: int = 1) -> Float64:
    """Return what `chord_lengths` returns, ray by ray and facet by facet in plain NumPy: its specification."""
    a, b, c = transform(camera_from_volume, mesh.vertices_mm)[mesh.faces].transpose(1, 0, 2)
    normal, inverse = np.cross(b - a, c - a), np.linalg.inv(_divided(camera, rays))
    lengths = np.zeros((camera.rows * rays, camera.columns * rays))
    for v in range(lengths.shape[0]):
        for u in range(lengths.shape[1]):
            ray = inverse @ [u, v, 1.0]
            sides = np.stack([np.cross(p, q) @ ray for p, q in ((a, b), (b, c), (c, a))])
            hit = (sides > 0).all(axis=0) | (sides < 0).all(axis=0)
            along = normal[hit] @ ray
            depths = (normal[hit] * a[hit]).sum(axis=1) / along
            lengths[v, u] = np.linalg.norm(ray) * float((np.sign(along) * depths).sum())
    return np.maximum(lengths, 0.0)


def _divided(camera: Camera, rays: int) -> Mat33:
    """Return the intrinsic matrix of a camera whose pixels are divided into `rays` x `rays`."""
    middle = 0.5 * (rays - 1)
    return np.array([[rays, 0.0, middle], [0.0, rays, middle], [0.0, 0.0, 1.0]]) @ camera.intrinsic_matrix


@njit(cache=True, nogil=True, error_model="numpy")
def _place(corners: Points, matrix: Mat33) -> Float64:
    """Return where corners are seen, (n, 2) as (column, row)."""
    fx, skew, cx, fy, cy = matrix[0, 0], matrix[0, 1], matrix[0, 2], matrix[1, 1], matrix[1, 2]
    seen = np.empty((len(corners), 2))
    for k in range(len(corners)):
        x, y, z = corners[k]
        seen[k, 0], seen[k, 1] = (fx * x + skew * y) / z + cx, fy * y / z + cy
    return seen


@njit(cache=True, nogil=True, error_model="numpy")
def _add_facets(
    corners: Points, seen: Float64, faces: NDArray[np.int64], matrix: Mat33, first_row: int, lengths: Float64
) -> None:
    """Add what each facet gives to the rays that it meets in the rows of `lengths`, which begin at `first_row`."""
    rows, columns = lengths.shape
    fx, skew, cx, fy, cy = matrix[0, 0], matrix[0, 1], matrix[0, 2], matrix[1, 1], matrix[1, 2]
    for k in range(len(faces)):
        a, b, c = faces[k]
        if min(corners[a, 2], corners[b, 2], corners[c, 2]) < _LEAST_DEPTH_MM:
            continue
        left = max(np.ceil(min(seen[a, 0], seen[b, 0], seen[c, 0])), 0.0)
        right = min(np.floor(max(seen[a, 0], seen[b, 0], seen[c, 0])), columns - 1.0)
        top = max(np.ceil(min(seen[a, 1], seen[b, 1], seen[c, 1])), float(first_row))
        low = min(np.floor(max(seen[a, 1], seen[b, 1], seen[c, 1])), first_row + rows - 1.0)
        if right < left or low < top:
            continue
        px, py, pz = corners[b, 0] - corners[a, 0], corners[b, 1] - corners[a, 1], corners[b, 2] - corners[a, 2]
        qx, qy, qz = corners[c, 0] - corners[a, 0], corners[c, 1] - corners[a, 1], corners[c, 2] - corners[a, 2]
        nx, ny, nz = py * qz - pz * qy, pz * qx - px * qz, px * qy - py * qx
        offset = nx * corners[a, 0] + ny * corners[a, 1] + nz * corners[a, 2]
        for v in range(int(top), int(low) + 1):
            y = (v - cy) / fy
            for u in range(int(left), int(right) + 1):
                left_of = _is_left(seen, a, b, u, v)
                if _is_left(seen, b, c, u, v) != left_of or _is_left(seen, c, a, u, v) != left_of:
                    continue
                x = (u - cx - skew * y) / fx
                along = nx * x + ny * y + nz
                if along != 0.0:
                    lengths[v - first_row, u] += np.sign(along) * offset / along * np.sqrt(x * x + y * y + 1.0)


@njit(inline="always")
def _is_left(seen: Float64, a: int, b: int, u: int, v: int) -> bool:
    """Tell on which side of an edge a pixel lies; both facets of the edge ask from the same end, so that one has it."""
    if a < b:
        return (seen[b, 0] - seen[a, 0]) * (v - seen[a, 1]) - (seen[b, 1] - seen[a, 1]) * (u - seen[a, 0]) >= 0.0
    return (seen[a, 0] - seen[b, 0]) * (v - seen[b, 1]) - (seen[a, 1] - seen[b, 1]) * (u - seen[b, 0]) < 0.0
