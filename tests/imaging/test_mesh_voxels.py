"""Voxels of meshes: exact shares, beside a twin, winding numbers and closed forms, and as the renderers show them."""

import time

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.planes import PlaneRenderer
from fluoropose.errors import MeshError
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.rotation import from_rotation_vector
from fluoropose.imaging.mesh import Mesh
from fluoropose.imaging.mesh_voxels import add_shares, add_shares_twin, choose_voxel_mm, voxelise_mesh
from fluoropose.imaging.phantom import Box, Ellipsoid, line_integrals
from support.meshes import box_mesh, joined, moved, sphere_mesh, tube_mesh

OBLIQUE = from_rotation_vector(np.array([0.3, -0.5, 0.2]))


def mass(mesh, voxel_mm=None):
    """The sum of a volume of attenuation 1 over space: the volume that is inside, mm3."""
    volume = voxelise_mesh(mesh, 1.0, voxel_mm)
    return float(volume.values.sum(dtype=np.float64)) * float(np.prod(volume.spacing_mm))


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


@pytest.mark.parametrize("mesh", [box_mesh(), sphere_mesh(), tube_mesh(10.0, 9.5)], ids=["box", "sphere", "thin tube"])
@pytest.mark.parametrize("turn", [np.eye(3), OBLIQUE], ids=["straight", "oblique"])
@pytest.mark.parametrize("voxel_mm", [0.7, 1.9])
def test_the_mass_is_exact_even_of_walls_thinner_than_a_voxel(mesh, turn, voxel_mm):
    assert mass(moved(mesh, [3.1, -700.0, 50.3], turn), voxel_mm) == pytest.approx(mesh.volume_mm3, rel=1e-6)


def test_the_volume_lies_where_the_mesh_lies_and_has_a_margin():
    volume = voxelise_mesh(box_mesh((10, 20, 30), (16, 32, 48)), 0.25, 2.0)
    assert volume.values.shape == (5, 8, 11)
    np.testing.assert_allclose(volume.values[1:-1, 1:-1, 1:-1], 0.25)
    assert volume.values.sum() == pytest.approx(0.25 * 3 * 6 * 9)
    np.testing.assert_allclose(volume.lps_from_index @ [1, 1, 1, 1], [11, 21, 31, 1])


def test_overlapping_solids_are_their_union():
    # Two boxes of 24000 mm3 that share 10 x 20 x 30 mm.
    assert mass(joined(box_mesh(), moved(box_mesh(), [10.0, 10.0, 10.0])), 0.5) == pytest.approx(42000.0, rel=1e-6)
    # Two balls of radius 20 mm, 20 mm apart: their lens is pi (4 r + d) (2 r - d)^2 / 12.
    ball, lens = sphere_mesh(20.0, 5), np.pi * (80 + 20) * (40 - 20) ** 2 / 12
    both = joined(ball, moved(ball, [20.0, 0.0, 0.0]))
    assert mass(both) == pytest.approx(2 * 4 / 3 * np.pi * 8000 - lens, rel=2e-3)
    assert mass(both) == pytest.approx(mass(both, 0.3), rel=5e-4)


def test_a_solid_inside_another_adds_nothing_and_a_cavity_is_hollow():
    inner = box_mesh((5, 5, 5), (15, 25, 35))
    assert mass(joined(box_mesh(), inner)) == pytest.approx(24000.0, rel=1e-6)
    assert mass(joined(box_mesh(), inner.flipped())) == pytest.approx(18000.0, rel=1e-6)


def test_parts_that_face_inwards_are_refused_unless_tiny():
    far = moved(box_mesh(), [50.0, 0.0, 0.0]).flipped()
    big = box_mesh((0, 0, 0), (40, 30, 40))
    with pytest.raises(MeshError, match="got 2.4e\\+04 mm3 inside parts that face inwards beside 4.8e\\+04 mm3"):
        voxelise_mesh(joined(big, far), 0.25)
    fold = moved(box_mesh((0, 0, 0), (2, 2, 2)), [50.0, 0.0, 0.0]).flipped()
    assert mass(joined(big, fold)) == pytest.approx(48000.0, rel=1e-3)


def test_the_voxel_follows_the_size_and_is_bounded():
    for sides in ((60.0, 60.0, 60.0), (400.0, 10.0, 10.0), (100.0, 50.0, 0.5), (2.0, 2.0, 2.0)):
        mesh = box_mesh((0, 0, 0), sides)
        counts = np.array(sides) / choose_voxel_mm(mesh)
        assert counts.max() <= 360.1
        assert np.prod(counts) <= 6.01e6
        assert counts.max() > 180
        assert voxelise_mesh(mesh, 1.0).values.size < 8e6


CAMERA = camera_from_detector(200, 200, row_spacing_mm=0.6, column_spacing_mm=0.6, source_to_detector_mm=1200.0)
BALL = sphere_mesh(20.0, 6)
"""Its facets lie at most 6e-3 mm inside the sphere."""


def picture_and_truth(mesh, chords, renderer, turn):
    """Line integrals of a mesh of 0.25 / mm and the exact ones; `chords` takes origin and unit directions to mm."""
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = turn, [0.0, 0.0, 800.0]
    volume = voxelise_mesh(mesh, 0.25)
    made = PlaneRenderer(volume) if renderer is PlaneRenderer else CpuRenderer(volume, float(volume.spacing_mm[0]))
    v, u = np.mgrid[0 : CAMERA.rows, 0 : CAMERA.columns]
    rays = np.stack([u, v, np.ones_like(u)], axis=-1) @ np.linalg.inv(CAMERA.intrinsic_matrix).T @ turn
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    return made.render(CAMERA, pose), 0.25 * chords(-turn.T @ pose[:3, 3], rays)


def tube_chords(outer, inner, length):
    """Chords of a tube about z, closed form: those of two cylinders between two planes."""

    def of_cylinder(origin, rays, radius):
        a, b = (rays[..., :2] ** 2).sum(-1), rays[..., :2] @ origin[:2]
        root = np.sqrt(np.maximum(b * b - a * (origin[:2] @ origin[:2] - radius**2), 0.0))
        ends = np.sort([(-length / 2 - origin[2]) / rays[..., 2], (length / 2 - origin[2]) / rays[..., 2]], axis=0)
        return np.maximum(np.minimum((-b + root) / a, ends[1]) - np.maximum((-b - root) / a, ends[0]), 0.0)

    return lambda origin, rays: of_cylinder(origin, rays, outer) - of_cylinder(origin, rays, inner)


BODIES = {
    "sphere": (BALL, lambda o, d: line_integrals([Ellipsoid(np.zeros(3), np.full(3, 20.0), np.eye(3), 1.0)], o, d)),
    "box": (
        box_mesh((-15, -20, -25), (15, 20, 25)),
        lambda o, d: line_integrals([Box(np.zeros(3), np.array([15.0, 20.0, 25.0]), np.eye(3), 1.0)], o, d),
    ),
    "tube": (tube_mesh(10.0, 9.0, 50.0, 1440), tube_chords(10.0, 9.0, 50.0)),
}


@pytest.mark.parametrize("renderer", [PlaneRenderer, CpuRenderer])
@pytest.mark.parametrize("body", list(BODIES))
def test_pictures_have_the_closed_forms_line_integrals(body, renderer):
    """The sum over a picture is exact to 0.1 %; a pixel differs where the surface is nearer than a voxel to its ray."""
    mesh, chords = BODIES[body]
    picture, truth = picture_and_truth(mesh, chords, renderer, OBLIQUE)
    assert picture.sum(dtype=np.float64) == pytest.approx(truth.sum(), rel=1e-3)
    seen = truth > 0
    error = np.abs(picture - truth)[seen]
    limits = {"sphere": (1e-3, 2e-3), "box": (5e-4, 1e-3), "tube": (2e-3, 5e-3)}[body]
    assert np.median(error) < limits[0] * truth.max()
    assert error.mean() < limits[1] * truth.max()


def test_200_000_facets_take_a_second_or_two():
    mesh = sphere_mesh(30.0, 7)
    voxelise_mesh(sphere_mesh(30.0, 1), 0.25)
    began = time.process_time()
    voxelise_mesh(Mesh(mesh.vertices_mm, mesh.faces), 0.25)
    assert time.process_time() - began < 5.0
