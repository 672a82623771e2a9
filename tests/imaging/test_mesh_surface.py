"""Surfaces: closed ones are kept, small faults mended and said, large ones refused with their figures."""

import numpy as np
import pytest

from fluoropose.errors import MeshError
from fluoropose.imaging.mesh import Mesh
from fluoropose.imaging.mesh_surface import closed_outward
from support.meshes import box_mesh, joined, moved, sphere_mesh, tube_mesh


def without(mesh, *facets):
    return Mesh(mesh.vertices_mm, np.delete(mesh.faces, facets, axis=0))


def with_turned(mesh, facets):
    faces = mesh.faces.copy()
    faces[facets] = faces[facets, ::-1]
    return Mesh(mesh.vertices_mm, faces)


@pytest.mark.parametrize("mesh", [box_mesh(), sphere_mesh(), tube_mesh()], ids=["box", "sphere", "tube"])
def test_a_sound_mesh_is_kept(mesh):
    found, notes = closed_outward(mesh)
    assert notes == ()
    assert found.volume_mm3 == pytest.approx(mesh.volume_mm3)
    assert len(found.faces) == len(mesh.faces)


def test_three_vertices_for_each_facet_are_merged():
    mesh = box_mesh()
    soup = Mesh(mesh.vertices_mm[mesh.faces].reshape(-1, 3), np.arange(36).reshape(-1, 3))
    found, notes = closed_outward(soup)
    assert len(found.vertices_mm) == 8
    assert notes == ()
    noisy = Mesh(soup.vertices_mm + np.random.default_rng(0).uniform(-1e-6, 1e-6, (36, 3)), soup.faces)
    found, notes = closed_outward(noisy)
    assert len(found.vertices_mm) == 8
    assert notes == ("vertices within 0.0004 mm were merged",)


def test_several_shells_and_shells_that_touch_are_kept():
    apart = joined(box_mesh(), moved(box_mesh(), [100.0, 0, 0]))
    face_to_face = joined(box_mesh(), moved(box_mesh(), [20.0, 0, 0]))
    along_an_edge = joined(box_mesh(), moved(box_mesh(), [20.0, 30.0, 0]))
    overlapping = joined(box_mesh(), moved(box_mesh(), [10.0, 10.0, 10.0]))
    for mesh in (apart, face_to_face, along_an_edge, overlapping):
        found, notes = closed_outward(mesh)
        assert notes == ()
        assert found.volume_mm3 == pytest.approx(48000.0)


def test_a_shell_that_faces_inwards_inside_another_is_a_cavity():
    hollow = joined(box_mesh(), box_mesh((5, 5, 5), (15, 25, 35)).flipped())
    found, notes = closed_outward(hollow)
    assert notes == ()
    assert found.volume_mm3 == pytest.approx(24000 - 10 * 20 * 30)
    # Turned as a whole it is the same body.
    found, notes = closed_outward(hollow.flipped())
    assert notes == ("the surface faced inwards and was turned",)
    assert found.volume_mm3 == pytest.approx(24000 - 10 * 20 * 30)


def test_facets_given_twice_count_once():
    mesh = box_mesh()
    for repeated in (mesh.faces, mesh.faces[:1], mesh.faces[3:8]):
        found, _ = closed_outward(Mesh(mesh.vertices_mm, [*mesh.faces, *repeated]))
        assert found.volume_mm3 == pytest.approx(24000.0)
        assert len(found.faces) == 12


def test_two_bodies_that_share_a_facet_keep_it_twice():
    """Both have a facet of the same place and sense: without one of them, neither would be closed."""
    corner = Mesh([[0, 0, 0], [20, 0, 0], [0, 30, 0], [0, 0, 40]], [[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])
    other = Mesh([[0, 0, 0], [20, 0, 0], [0, 30, 0], [0, 0, 10]], [[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])
    found, _ = closed_outward(joined(corner, other))
    assert found.volume_mm3 == pytest.approx(20 * 30 * 50 / 6)


@pytest.mark.parametrize("count", [1, 5, 6])
def test_facets_of_one_shell_that_turn_against_the_others_are_turned(count):
    found, notes = closed_outward(with_turned(box_mesh(), np.arange(count)))
    assert found.volume_mm3 == pytest.approx(24000.0)
    assert notes[0] == "facets that turned against their neighbours were turned"


def test_facets_that_turn_against_others_in_several_shells_are_refused():
    mesh = with_turned(joined(box_mesh(), box_mesh((5, 5, 5), (15, 25, 35))), [0])
    with pytest.raises(MeshError, match="got 2 shells with 3 edges whose facets face opposite ways"):
        closed_outward(mesh)


def test_a_one_sided_surface_is_refused():
    """Six points with an edge between any two, 10 facets: the projective plane, which is closed and has one side."""
    faces = [
        [0, 1, 2], [0, 2, 3], [0, 3, 4], [0, 4, 5], [0, 5, 1],
        [1, 2, 4], [2, 3, 5], [3, 4, 1], [4, 5, 2], [5, 1, 3],
    ]  # fmt: skip
    points = 20 * np.random.default_rng(4).normal(size=(6, 3))
    with pytest.raises(MeshError, match="got a one-sided surface"):
        closed_outward(Mesh(points, faces))


@pytest.mark.parametrize(("missing", "edges"), [([0], 3), ([0, 1], 4), ([0, 5], 6)])
def test_an_open_mesh_is_refused_with_its_open_edges(missing, edges):
    with pytest.raises(MeshError, match=f"expected a closed surface, got {edges} open edges of 1[78]"):
        closed_outward(without(box_mesh(), *missing))


def test_small_holes_are_closed_and_said():
    ball = sphere_mesh(20.0, 5)
    found, notes = closed_outward(without(ball, 10, 4000, 4001))
    assert notes == ("holes with 9 open edges were closed",)
    assert found.volume_mm3 == pytest.approx(ball.volume_mm3, rel=1e-5)
    found, _ = closed_outward(without(ball, 10).flipped())
    assert found.volume_mm3 == pytest.approx(ball.volume_mm3, rel=1e-5)


def test_a_flat_mesh_is_refused():
    flat = Mesh([[0, 0, 0], [20, 0, 0], [0, 20, 0]], [[0, 1, 2], [0, 2, 1]])
    with pytest.raises(MeshError, match="expected a surface that encloses a solid, got a volume of 0 mm3"):
        closed_outward(flat)


def test_a_mesh_of_facets_without_area_is_refused():
    with pytest.raises(MeshError, match="expected facets of three vertices, got 1 with one vertex twice"):
        closed_outward(Mesh([[0, 0, 0], [20, 0, 0]], [[0, 1, 1]]))
