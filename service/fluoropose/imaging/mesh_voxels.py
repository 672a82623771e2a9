"""From meshes to volumes: each voxel gets the attenuation of the share of it that is inside. Lengths in mm.

The shares are exact (`mesh_shares`), so that a wall thinner than a voxel keeps its whole mass. Where solids overlap the
share exceeds 1 and is set to 1: the union. Only in a voxel that no solid fills does their overlap count twice.
"""

import numpy as np

from fluoropose.arrays import Float64, Vec3
from fluoropose.errors import MeshError
from fluoropose.imaging.mesh import Mesh, facet_areas_mm2
from fluoropose.imaging.mesh_shares import add_shares
from fluoropose.imaging.volume import Volume

__all__ = ["choose_voxel_mm", "voxelise_mesh"]

_MAX_VOXELS = 6e6
"""Voxels in the box around an object, 182 along each side of a cube: 25 MB on disk, and an atlas in less than a minute
on two cores. A canonical picture has 116 pixels across the object's diagonal and does not show finer ones."""

_MAX_ACROSS = 360
"""Voxels along the longest side of a slender object: three to each pixel of a canonical picture."""

_MAX_INVERTED = 1e-3
"""The volume that faces inwards, as a share of that which faces outwards, up to which it is left out: folds of CAD."""

_MAX_CUTS = 1e8
"""Voxels that facets may cut, one after the other: a minute. A plain solid has a million, a porous one some ten."""

_NOTHING = 1e-9
"""A smaller share of a voxel is a rounding error."""


def choose_voxel_mm(mesh: Mesh) -> float:
    """Return the voxel size for a mesh: the finest for which neither limit of the number of voxels is passed."""
    sides = mesh.sides_mm
    return max(float(sides.max()) / _MAX_ACROSS, float(np.cbrt(np.prod(sides) / _MAX_VOXELS)))


def voxelise_mesh(mesh: Mesh, attenuation_per_mm: float, voxel_mm: float | None = None) -> Volume:
    """Return the attenuation in 1/mm of a solid, with one voxel of 0 around it.

    Parameters
    ----------
    mesh : a closed surface that faces outwards, see `mesh_surface.closed_outward`
    attenuation_per_mm : that of the solid
    voxel_mm : the voxels' size; `choose_voxel_mm` if not given

    Raises
    ------
    MeshError
        If a part of the surface that is not inside another faces inwards, or there is too much surface for the voxels.

    Notes
    -----
    The time grows with the voxels that facets cut, and with the voxels of the box.
    """
    size = choose_voxel_mm(mesh) if voxel_mm is None else voxel_mm
    _refuse_crowded(mesh, size)
    ends_mm = mesh.ends_mm
    counts = np.maximum(np.ceil(np.ptp(ends_mm, axis=0) / size - 1e-9), 1).astype(int) + 2
    corner_mm: Vec3 = (ends_mm.sum(axis=0) - counts * size) / 2
    # Rounding must not carry a vertex into the voxels of 0.
    vertices = np.clip((mesh.vertices_mm - corner_mm) / size, 1.0, counts - 1.0)
    shares = np.zeros(tuple(counts))
    add_shares(vertices, mesh.faces, shares)
    _refuse_inverted(shares, size)
    np.clip(shares, 0.0, 1.0, out=shares)
    shares[shares < _NOTHING] = 0.0
    lps_from_index = np.diag([size, size, size, 1.0])
    lps_from_index[:3, 3] = corner_mm + size / 2
    return Volume((attenuation_per_mm * shares).astype(np.float32), lps_from_index)


def _refuse_crowded(mesh: Mesh, voxel_mm: float) -> None:
    """Refuse facets that lie over one another in such numbers that to cut them would take hours."""
    corners = mesh.vertices_mm[mesh.faces]
    rims_mm = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).sum(axis=1)
    cuts = float((facet_areas_mm2(mesh) / voxel_mm**2 + rims_mm / voxel_mm + 1.0).sum())
    if cuts > _MAX_CUTS:
        raise MeshError(
            f"expected facets that cut at most {_MAX_CUTS:.0e} voxels of {voxel_mm:.2g} mm, got about {cuts:.1e}: "
            "simplify the mesh"
        )


def _refuse_inverted(shares: Float64, voxel_mm: float) -> None:
    inwards = -float(np.minimum(shares, 0.0).sum())
    outwards = float(np.maximum(shares, 0.0).sum())
    if inwards > _MAX_INVERTED * outwards:
        raise MeshError(
            f"expected a surface that faces outwards, got {inwards * voxel_mm**3:.3g} mm3 inside parts that face "
            f"inwards beside {outwards * voxel_mm**3:.3g} mm3: unify the normals where the mesh was made"
        )
