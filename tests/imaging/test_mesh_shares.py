"""Shares of voxels: the kernel beside its twin, winding numbers and a box."""

import numpy as np
import pytest

from fluoropose.geometry.rotation import from_rotation_vector
from fluoropose.imaging.mesh_shares import add_shares, add_shares_twin
from support.meshes import box_mesh, joined, moved, sphere_mesh, tube_mesh

OBLIQUE = from_rotation_vector(np.array([0.3, -0.5, 0.2]))


@pytest.mark.parametrize("turn", [np.eye(3), OBLIQUE], ids=["straight", "oblique"])
def test_the_kernel_and_its_twin_agree(turn):
    hollow = joined(sphere_mesh(2.4, 1), moved(sphere_mesh(1.2, 1).flipped(), [0.3, 0.1, 0.0]))
    mesh = joined(moved(hollow, [3.5, 3.5, 3.5], turn), moved(box_mesh((-1, -1, -1), (1, 1, 1)), [4.0, 4.0, 5.5], turn))
    fast, clear = np.zeros((8, 8, 9)), np.zeros((8, 8, 9))
    add_shares(mesh.vertices_mm, mesh.faces, fast)
    add_shares_twin(mesh.vertices_mm, mesh.faces, clear)
    np.testing.assert_allclose(fast, clear, atol=1e-12)
    assert fast.sum() == pytest.approx(mesh.volume_mm3)


def test_shares_are_the_mean_of_winding_numbers():
    """Solid angles that facets span (Van Oosterom, Strackee, IEEE TBME 30(2), 1983, eq. 8) tell inside from outside."""
    mesh = moved(tube_mesh(2.5, 1.5, 4.0, 7), [4.0, 4.0, 4.0], OBLIQUE)
    shares = np.zeros((8, 8, 8))
    add_shares(mesh.vertices_mm, mesh.faces, shares)
    per_side = 4
    at = (np.arange(8 * per_side) + 0.5) / per_side
    points = np.stack(np.meshgrid(at, at, at, indexing="ij"), axis=-1).reshape(-1, 3)
    winding = np.zeros(len(points))
    for facet in mesh.vertices_mm[mesh.faces]:
        a, b, c = facet[:, None] - points
        na, nb, nc = (np.linalg.norm(x, axis=-1) for x in (a, b, c))
        dot = na * nb * nc + (a * b).sum(-1) * nc + (b * c).sum(-1) * na + (c * a).sum(-1) * nb
        winding += np.arctan2((a * np.cross(b, c)).sum(-1), dot) / (2 * np.pi)
    np.testing.assert_allclose(winding, np.round(winding), atol=1e-9)
    sampled = winding.reshape(8, per_side, 8, per_side, 8, per_side).mean(axis=(1, 3, 5))
    # 64 points in a voxel tell a share to about a tenth.
    assert np.abs(shares - sampled).max() < 0.12
    assert np.abs(shares - sampled).mean() < 0.005


def test_shares_of_a_box_are_exact_whatever_its_place_in_the_grid():
    shares = np.zeros((6, 6, 6))
    box = box_mesh((1.25, 1.0, 1.5), (4.0, 3.5, 4.75))
    add_shares(box.vertices_mm, box.faces, shares)
    along = [0, 0.75, 1, 1, 0, 0], [0, 1, 1, 0.5, 0, 0], [0, 0.5, 1, 1, 0.75, 0]
    np.testing.assert_allclose(shares, np.einsum("i,j,k->ijk", *along), atol=1e-12)
