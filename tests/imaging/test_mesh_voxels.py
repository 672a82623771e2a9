"""Volumes of meshes: their mass is exact, solids unite, and renderers show the closed forms' line integrals."""

import time

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.planes import PlaneRenderer
from fluoropose.errors import MeshError
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.rotation import from_rotation_vector
from fluoropose.imaging.mesh import Mesh
from fluoropose.imaging.mesh_voxels import choose_voxel_mm, voxelise_mesh
from fluoropose.imaging.phantom import Box, Ellipsoid, line_integrals
from support.meshes import box_mesh, joined, moved, sphere_mesh, tube_mesh

OBLIQUE = from_rotation_vector(np.array([0.3, -0.5, 0.2]))


def mass(mesh, voxel_mm=None):
    """The sum of a volume of attenuation 1 over space: the volume that is inside, mm3."""
    volume = voxelise_mesh(mesh, 1.0, voxel_mm)
    return float(volume.values.sum(dtype=np.float64)) * float(np.prod(volume.spacing_mm))


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


def test_more_surface_than_can_be_cut_in_a_minute_is_refused():
    """Four thousand boxes in one place, each with 12 facets across the whole grid."""
    box = box_mesh()
    many = Mesh(np.tile(box.vertices_mm, (4000, 1)), (box.faces + 8 * np.arange(4000)[:, None, None]).reshape(-1, 3))
    with pytest.raises(MeshError, match="at most 1e[+]08 voxels of 0.16 mm, got about .*: simplify the mesh"):
        voxelise_mesh(many, 0.25)


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


def test_260_000_facets_take_a_second():
    """Five are allowed, for machines that do other work; the first call compiles."""
    ball = sphere_mesh(30.0, 7)
    voxelise_mesh(sphere_mesh(30.0, 1), 0.25)
    began = time.process_time()
    voxelise_mesh(joined(ball, moved(ball, [10.0, 20.0, 30.0])), 0.25)
    assert time.process_time() - began < 5.0
