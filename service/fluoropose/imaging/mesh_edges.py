"""The edges of a mesh: how many facets each has, and in which directions they pass it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Bool
from fluoropose.imaging.mesh import Mesh

__all__ = ["MeshEdges", "count_edges"]


@dataclass(frozen=True, slots=True, eq=False)
class MeshEdges:
    """The sides of facets, three to each facet in their order, and the edges, each once.

    Attributes
    ----------
    begin, end : the vertices that a side joins, shape (sides,)
    of_side : the edge of a side, shape (sides,)
    counts : the facets of an edge, shape (edges,)
    net : how often an edge is passed from its lower to its higher vertex, less the times it is passed back, (edges,)
    """

    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    of_side: NDArray[np.int64]
    counts: NDArray[np.int64]
    net: NDArray[np.int64]

    @property
    def forwards(self) -> Bool:
        """Whether a side goes from the lower to the higher vertex, shape (sides,)."""
        return np.asarray(self.begin < self.end)

    @property
    def is_open(self) -> Bool:
        """Whether an edge has an odd number of facets, shape (edges,)."""
        return np.asarray(self.counts % 2 == 1)

    @property
    def balanced(self) -> Bool:
        """Whether an edge is passed as often in one direction as in the other, shape (edges,)."""
        return np.asarray(self.net == 0)


def count_edges(mesh: Mesh) -> MeshEdges:
    """Return the edges of a mesh. O(n log n)."""
    begin, end = mesh.faces.ravel(), np.roll(mesh.faces, -1, axis=1).ravel()
    key = np.minimum(begin, end) * len(mesh.vertices_mm) + np.maximum(begin, end)
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(key[order]) != 0))
    counts = np.diff(np.append(starts, len(key)))
    of_side = np.empty(len(key), np.int64)
    of_side[order] = np.repeat(np.arange(len(starts)), counts)
    net = np.add.reduceat(np.where(begin < end, 1, -1)[order], starts)
    return MeshEdges(begin, end, of_side, counts, net)
