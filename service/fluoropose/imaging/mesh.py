"""Meshes: surfaces of triangles that enclose a solid. Lengths in mm, in the mesh's own frame, which is taken as LPS.

A facet's vertices turn counter-clockwise as seen from outside. A point is inside where the surface winds around it at
least once: solids that overlap are their union, and a shell that faces inwards is a cavity.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Float64, Points, Vec3, make_read_only
from fluoropose.errors import MeshError

__all__ = [
    "Mesh",
    "SIDE_MM",
    "Solid",
    "check_size",
    "check_values",
    "drop_repeated",
    "facet_areas_mm2",
    "mesh_identity",
    "weld_vertices",
]

SIDE_MM = (2.0, 2000.0)
"""The longest side that an object may have: less is not seen in a frame, more does not fit into a C-arm."""

_LIKELY_MM = (10.0, 1000.0)
"""The longest side that most implants and bones have, by which a wrong unit is guessed."""

_UNITS_MM = {"metres": 1000.0, "inches": 25.4, "micrometres": 0.001}


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """A surface of triangles.

    Attributes
    ----------
    vertices_mm : float64, shape (vertices, 3), read-only
    faces : int64, shape (facets, 3), read-only: each facet's vertices, counter-clockwise as seen from outside
    """

    vertices_mm: Points
    faces: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        object.__setattr__(self, "vertices_mm", make_read_only(np.asarray(self.vertices_mm, np.float64)))
        object.__setattr__(self, "faces", make_read_only(np.asarray(self.faces, np.int64)))

    @property
    def ends_mm(self) -> Points:
        """The lower and the upper corner of the box around the facets, shape (2, 3)."""
        used = np.zeros(len(self.vertices_mm), bool)
        used[self.faces] = True
        corners = self.vertices_mm[used]
        return np.stack([corners.min(axis=0), corners.max(axis=0)])

    @property
    def sides_mm(self) -> Vec3:
        """The lengths of the box around the facets along x, y and z, shape (3,)."""
        low, high = self.ends_mm
        return high - low

    @property
    def volume_mm3(self) -> float:
        """The enclosed volume, by Gauss's theorem: negative if the surface faces inwards; overlaps count twice."""
        a, b, c = (self.vertices_mm - self.vertices_mm.mean(axis=0))[self.faces].transpose(1, 0, 2)
        return float(np.einsum("ni,ni->", a, np.cross(b, c))) / 6.0

    def flipped(self) -> "Mesh":
        """Return the surface that faces the other way."""
        return Mesh(self.vertices_mm, self.faces[:, ::-1])


@dataclass(frozen=True, slots=True, eq=False)
class Solid:
    """What a closed mesh encloses, of one material: its linear attenuation in 1/mm."""

    mesh: Mesh
    attenuation_per_mm: float


def check_values(mesh: Mesh) -> Mesh:
    """Return the mesh unchanged if it has facets, of finite vertices that exist.

    Raises
    ------
    MeshError
        If it has not.
    """
    if mesh.faces.size == 0 or mesh.vertices_mm.size == 0:
        raise MeshError(f"expected a mesh with facets, got {len(mesh.vertices_mm)} vertices and no facet")
    for array, what in ((mesh.vertices_mm, "vertices"), (mesh.faces, "facets")):
        if array.ndim != 2 or array.shape[1] != 3:
            raise MeshError(f"expected {what} of 3 numbers each, got shape {array.shape}")
    low, high = int(mesh.faces.min()), int(mesh.faces.max())
    if low < 0 or high >= len(mesh.vertices_mm):
        wrong = low if low < 0 else high
        raise MeshError(f"expected facets of the vertices 0 to {len(mesh.vertices_mm) - 1}, got vertex {wrong}")
    finite = np.isfinite(mesh.vertices_mm).all(axis=1)
    if not finite.all():
        raise MeshError(f"expected vertices that are finite, got {int((~finite).sum())} of NaN or infinity")
    return mesh


def check_size(mesh: Mesh) -> Mesh:
    """Return the mesh unchanged if its longest side can be one of an object in mm.

    Raises
    ------
    MeshError
        If it cannot, with a guess of the unit.
    """
    longest = float(mesh.sides_mm.max())
    if SIDE_MM[0] <= longest <= SIDE_MM[1]:
        return mesh
    units = [unit for unit, mm in _UNITS_MM.items() if _LIKELY_MM[0] <= longest * mm <= _LIKELY_MM[1]]
    guess = f": is it in {' or '.join(units)}? Scale it to mm" if units else ""
    sides = " x ".join(f"{side:.3g}" for side in mesh.sides_mm)
    raise MeshError(
        f"expected a mesh in mm, its longest side {SIDE_MM[0]:g} to {SIDE_MM[1]:g} mm, got {sides} mm{guess}"
    )


def weld_vertices(mesh: Mesh, tolerance_mm: float = 0.0) -> Mesh:
    """Return the mesh with equal vertices merged, and without facets that have one vertex twice.

    With a tolerance, vertices that round to the same multiple of it are equal; the first of them stays. Such facets
    enclose nothing and without them a closed surface stays closed. O(n log n).
    """
    rounded = np.round(mesh.vertices_mm / tolerance_mm) if tolerance_mm > 0 else mesh.vertices_mm
    first, index = _distinct_rows(rounded)
    faces = index[mesh.faces]
    a, b, c = faces.T
    return Mesh(mesh.vertices_mm[first], faces[(a != b) & (b != c) & (c != a)])


def drop_repeated(mesh: Mesh) -> Mesh:
    """Return the mesh with one of each set of facets that have the same vertices in the same sense of turning."""
    start = np.argmin(mesh.faces, axis=1)[:, None]
    turned = np.take_along_axis(mesh.faces, (start + np.arange(3)) % 3, axis=1)
    first, _ = _distinct_rows(turned)
    return mesh if len(first) == len(mesh.faces) else Mesh(mesh.vertices_mm, mesh.faces[np.sort(first)])


def facet_areas_mm2(mesh: Mesh) -> Float64:
    """Return the areas of the facets, shape (facets,)."""
    a, b, c = mesh.vertices_mm[mesh.faces].transpose(1, 0, 2)
    return np.asarray(0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1))


def mesh_identity(mesh: Mesh) -> str:
    """Return 16 hex digits that identify a mesh's vertices and facets."""
    digest = hashlib.sha256(mesh.vertices_mm.astype("<f8").tobytes())
    digest.update(mesh.faces.astype("<i8").tobytes())
    return digest.hexdigest()[:16]


def _distinct_rows(rows: NDArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each distinct row (n, 3) occurs first, and of every row which of those it is."""
    order = np.lexsort(rows.T)
    ordered = rows[order]
    starts = np.append(True, (ordered[1:] != ordered[:-1]).any(axis=1))
    index = np.empty(len(rows), np.int64)
    index[order] = np.cumsum(starts) - 1
    return order[starts], index  # lexsort keeps the order of equal rows
