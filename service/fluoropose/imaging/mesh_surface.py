"""Whether a mesh is a closed surface that faces outwards; what can be mended without a guess is mended.

A surface is closed and oriented if every edge is passed as often in one direction as in the other. That holds for
several shells, for cavities, and where shells touch along an edge.
"""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fluoropose.errors import MeshError
from fluoropose.imaging.mesh import Mesh, check_size, check_values, drop_repeated, facet_areas_mm2, weld_vertices
from fluoropose.imaging.mesh_edges import MeshEdges, count_edges

__all__ = ["closed_outward"]

_WELD_SHARE = 1e-5
"""Vertices this near, as a share of the longest side, become one if the mesh is open otherwise: files round numbers."""

_HOLE_SHARE = 1e-3
"""Holes are closed if the facets that close them are at most this share of the surface."""

_FLAT_SHARE = 1e-7
"""A surface that encloses less than this share of the cube over its longest side is flat."""


def closed_outward(mesh: Mesh) -> tuple[Mesh, tuple[str, ...]]:
    """Return a mesh as a closed surface that faces outwards, and what was mended, a sentence each.

    Equal vertices are merged. Mended are: vertices that lie nearly at one place, facets given twice, small holes,
    facets of a single shell that turn against their neighbours, and a surface that faces inwards as a whole.

    Raises
    ------
    MeshError
        If the mesh has no facets, is not finite, has no size of an object in mm, has holes that are not small, encloses
        nothing, is one-sided, or has several shells of which some facets turn against their neighbours: whether a shell
        is a cavity cannot be told then.
    """
    check_size(check_values(mesh))
    closed, notes = _close(mesh)
    if not count_edges(closed).balanced.all():
        closed = _turn_alike(closed)
        notes = (*notes, "facets that turned against their neighbours were turned")
    volume_mm3 = closed.volume_mm3
    if abs(volume_mm3) < _FLAT_SHARE * float(closed.sides_mm.max()) ** 3:
        raise MeshError(f"expected a surface that encloses a solid, got a volume of {volume_mm3:.3g} mm3")
    if volume_mm3 > 0:
        return closed, notes
    return closed.flipped(), (*notes, "the surface faced inwards and was turned")


def _close(mesh: Mesh) -> tuple[Mesh, tuple[str, ...]]:
    """Return the mesh with its vertices merged, closed, and how that was done."""
    exact = _merge(mesh, 0.0)
    if len(exact.faces) == 0:
        raise MeshError(f"expected facets of three vertices, got {len(mesh.faces)} with one vertex twice")
    if _is_closed(exact):
        return exact, ()
    tolerance_mm = _WELD_SHARE * float(mesh.sides_mm.max())
    merged = _merge(mesh, tolerance_mm)
    if _is_closed(merged):
        return merged, (f"vertices within {tolerance_mm:.2g} mm were merged",)
    edges = count_edges(exact)
    filled = _fill_holes(exact, edges)
    if filled is None:
        raise MeshError(
            f"expected a closed surface, got {int(edges.is_open.sum())} open edges of {len(edges.is_open)}: "
            "fill the holes where the mesh was made"
        )
    return filled, (f"holes with {int(edges.is_open.sum())} open edges were closed",)


def _is_closed(mesh: Mesh) -> bool:
    return len(mesh.faces) > 0 and not count_edges(mesh).is_open.any()


def _merge(mesh: Mesh, tolerance_mm: float) -> Mesh:
    """Return the mesh with equal vertices merged, and without facets given twice unless it is closed only with them."""
    welded = weld_vertices(mesh, tolerance_mm)
    if len(welded.faces) == 0 or (count_edges(welded).counts <= 2).all():
        return welded
    single = drop_repeated(welded)
    return welded if _is_closed(welded) and not _is_closed(single) else single


def _fill_holes(mesh: Mesh, edges: MeshEdges) -> Mesh | None:
    """Return the mesh with each hole closed by facets to the middle of its rim; None if they are large."""
    if not edges.is_open.any():
        return None
    sides = np.flatnonzero(edges.is_open[edges.of_side] & (edges.forwards == (edges.net[edges.of_side] > 0)))
    _, once = np.unique(edges.of_side[sides], return_index=True)
    begin, end = edges.begin[sides[once]], edges.end[sides[once]]
    count = len(mesh.vertices_mm)
    rim = coo_array((np.ones(len(begin), np.int8), (begin, end)), shape=(count, count))
    hole = connected_components(rim, directed=False)[1][begin]
    _, hole = np.unique(hole, return_inverse=True)
    corners = np.bincount(hole)
    middles = np.stack([np.bincount(hole, mesh.vertices_mm[begin, axis]) / corners for axis in range(3)], axis=1)
    patch = np.stack([end, begin, count + hole], axis=1)
    filled = Mesh(np.concatenate([mesh.vertices_mm, middles]), np.concatenate([mesh.faces, patch]))
    areas_mm2 = facet_areas_mm2(filled)
    return filled if areas_mm2[len(mesh.faces) :].sum() <= _HOLE_SHARE * areas_mm2.sum() else None


def _turn_alike(mesh: Mesh) -> Mesh:
    """Return one shell with all facets turning alike, or raise MeshError.

    Each facet stands for two nodes, as it is and turned; an edge joins those nodes of its two facets that turn alike.
    In a shell with two sides the nodes fall into two connected parts, one for each side.
    """
    edges = count_edges(mesh)
    count = len(mesh.faces)
    pairs = np.argsort(edges.of_side, kind="stable")[np.repeat(edges.counts == 2, edges.counts)].reshape(-1, 2)
    against = edges.forwards[pairs[:, 0]] == edges.forwards[pairs[:, 1]]
    first, second = pairs[:, 0] // 3, pairs[:, 1] // 3
    begin = np.concatenate([first, first + count])
    end = np.concatenate([second + count * against, second + count * ~against])
    graph = coo_array((np.ones(len(begin), np.int8), (begin, end)), shape=(2 * count, 2 * count))
    parts, label = connected_components(graph, directed=False)
    if parts == 2 and (label[:count] != label[count:]).all():
        turned = Mesh(mesh.vertices_mm, np.where(label[:count, None] == label[0], mesh.faces, mesh.faces[:, ::-1]))
        if count_edges(turned).balanced.all():
            return turned
    shape = "a one-sided surface" if parts == 1 else f"{parts // 2} shells"
    wrong = int((~edges.balanced).sum())
    raise MeshError(
        f"expected facets that all face outwards, got {shape} with {wrong} edges whose facets face opposite ways: "
        "unify the normals where the mesh was made"
    )
