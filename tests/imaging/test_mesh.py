"""Meshes as values: their volume and sides, and what cannot be one."""

import numpy as np
import pytest

from fluoropose.errors import MeshError
from fluoropose.imaging.mesh import (
    Mesh,
    check_size,
    check_values,
    drop_repeated,
    facet_areas_mm2,
    mesh_identity,
    weld_vertices,
)
from support.meshes import BOX_FACES, box_mesh, joined, sphere_mesh, tube_mesh


def soup(mesh):
    """The mesh with three vertices of its own for every facet, as an STL has them."""
    return Mesh(mesh.vertices_mm[mesh.faces].reshape(-1, 3), np.arange(3 * len(mesh.faces)).reshape(-1, 3))


def test_a_box_has_its_volume_wherever_it_lies():
    assert box_mesh().volume_mm3 == pytest.approx(24000.0)
    assert box_mesh((1e4, 0, 0), (1e4 + 20, 30, 40)).volume_mm3 == pytest.approx(24000.0)
    assert box_mesh().flipped().volume_mm3 == pytest.approx(-24000.0)
    np.testing.assert_allclose(box_mesh((1, 2, 3)).sides_mm, [19, 28, 37])
    assert facet_areas_mm2(box_mesh()).sum() == pytest.approx(2 * (20 * 30 + 30 * 40 + 20 * 40))


def test_round_bodies_approach_theirs():
    # A polygon of 360 sides in a circle has its area times sin(a) / a with a = 1 degree.
    share = np.sin(np.deg2rad(1.0)) / np.deg2rad(1.0)
    assert tube_mesh().volume_mm3 == pytest.approx(np.pi * (100 - 81) * 60 * share)
    assert sphere_mesh().volume_mm3 == pytest.approx(4 / 3 * np.pi * 8000, rel=0.01)


def test_sides_are_those_of_the_facets_and_not_of_stray_vertices():
    mesh = box_mesh()
    stray = Mesh(np.concatenate([mesh.vertices_mm, [[900.0, 0, 0]]]), mesh.faces)
    np.testing.assert_allclose(stray.sides_mm, [20, 30, 40])


def test_arrays_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        box_mesh().vertices_mm[0] = 0


def test_equal_vertices_become_one():
    welded = weld_vertices(soup(box_mesh()))
    assert (len(welded.vertices_mm), len(welded.faces)) == (8, 12)
    assert welded.volume_mm3 == pytest.approx(24000.0)
    # 0.0 and -0.0 are one place.
    signed = weld_vertices(Mesh(np.array([[0.0, 0, 0], [-0.0, 0, 0]]), np.zeros((0, 3), int)))
    assert len(signed.vertices_mm) == 1


def test_near_vertices_become_one_within_a_tolerance():
    noise = np.random.default_rng(1).uniform(-1e-6, 1e-6, (36, 3))
    near = soup(box_mesh())
    near = Mesh(near.vertices_mm + noise, near.faces)
    assert len(weld_vertices(near).vertices_mm) == 36
    assert len(weld_vertices(near, 1e-3).vertices_mm) == 8


def test_a_facet_with_one_vertex_twice_is_left_out():
    mesh = box_mesh()
    assert len(weld_vertices(Mesh(mesh.vertices_mm, [*mesh.faces, [0, 1, 1], [2, 2, 2]])).faces) == 12


def test_a_facet_given_twice_is_kept_once():
    mesh = box_mesh()
    turned = np.roll(mesh.faces[:4], 1, axis=1)
    assert len(drop_repeated(Mesh(mesh.vertices_mm, [*mesh.faces, *turned])).faces) == 12
    # The other way round it is another facet.
    assert len(drop_repeated(Mesh(mesh.vertices_mm, [*mesh.faces, mesh.faces[0, ::-1]])).faces) == 13
    assert drop_repeated(mesh) is mesh


def test_the_identity_sees_vertices_and_facets():
    names = {mesh_identity(one) for one in (box_mesh(), box_mesh((0, 0, 1)), box_mesh().flipped())}
    assert len(names) == 3
    assert mesh_identity(box_mesh()) in names


@pytest.mark.parametrize(
    ("vertices", "faces", "message"),
    [
        (np.zeros((0, 3)), np.zeros((0, 3)), "expected a mesh with facets, got 0 vertices"),
        (np.zeros((4, 3)), np.zeros((0, 3)), "got 4 vertices and no facet"),
        (np.zeros((4, 2)), [[0, 1, 2]], "expected vertices of 3 numbers each"),
        (np.zeros((4, 3)), [[0, 1, 2, 3]], "expected facets of 3 numbers each"),
        (np.zeros((4, 3)), [[0, 1, 4]], "the vertices 0 to 3, got vertex 4"),
        (np.zeros((4, 3)), [[0, 1, -1]], "got vertex -1"),
        ([[0, 0, np.nan], [1, 0, 0], [0, np.inf, 0]], [[0, 1, 2]], "got 2 of NaN or infinity"),
    ],
)
def test_what_is_no_mesh_is_refused(vertices, faces, message):
    with pytest.raises(MeshError, match=message):
        check_values(Mesh(vertices, faces))


@pytest.mark.parametrize(
    ("longest_mm", "guess"),
    [
        (0.1, r"got 0.1 x 0.1 x 0.1 mm: is it in metres\? Scale it to mm"),
        (1.5, r"is it in inches\?"),
        (0.5, r"is it in metres or inches\?"),
        (60000.0, r"got 6e\+04 .* is it in micrometres\?"),
        (1e9, r"got 1e\+09 x 1e\+09 x 1e\+09 mm$"),
        (1e-9, "mm$"),
    ],
)
def test_a_size_of_another_unit_is_refused_with_a_guess(longest_mm, guess):
    with pytest.raises(MeshError, match=guess):
        check_size(box_mesh((0, 0, 0), (longest_mm,) * 3))


@pytest.mark.parametrize("longest_mm", [2.0, 60.0, 2000.0])
def test_a_size_of_an_object_is_kept(longest_mm):
    mesh = Mesh(box_mesh((0, 0, 0), (1.0, 1.0, longest_mm)).vertices_mm, BOX_FACES)
    assert check_size(mesh) is mesh


def test_joined_meshes_add_up():
    assert joined(box_mesh(), sphere_mesh()).volume_mm3 == pytest.approx(24000 + sphere_mesh().volume_mm3)
