"""Chords of rays in meshes: the kernel beside its twin, a sphere and a box whose chords are known."""

import numpy as np
import pytest

from fluoropose.geometry.camera import camera_from_detector, ray_directions
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import from_rotation_vector
from fluoropose.imaging.mesh_chords import chord_lengths, chord_lengths_twin
from support.meshes import box_mesh, joined, sphere_mesh

CAMERA = camera_from_detector(17, 15, row_spacing_mm=2.0, column_spacing_mm=2.1, source_to_detector_mm=1000.0)
POSE = rigid(from_rotation_vector(np.array([0.3, -0.5, 0.2])), np.array([1.0, -0.7, 800.0]))


@pytest.mark.parametrize("rays", [1, 2])
def test_the_kernel_and_its_twin_agree(rays):
    mesh = joined(sphere_mesh(9.0, 2), sphere_mesh(5.0, 1).flipped())
    fast, clear = (length(mesh, CAMERA, POSE, rays) for length in (chord_lengths, chord_lengths_twin))
    assert fast.shape == (17 * rays, 15 * rays)
    np.testing.assert_allclose(fast, clear, atol=1e-9)


@pytest.mark.parametrize("bands", [1, 2, 7, 100])
def test_the_lengths_do_not_depend_on_the_bands(bands):
    mesh = sphere_mesh(9.0, 2)
    np.testing.assert_array_equal(chord_lengths(mesh, CAMERA, POSE, 2, bands), chord_lengths(mesh, CAMERA, POSE, 2))


def test_a_sphere_has_the_chords_of_a_sphere():
    lengths = chord_lengths(sphere_mesh(10.0, 5), CAMERA, POSE)
    rays = ray_directions(CAMERA)
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    centre = POSE[:3, 3]
    distance = np.linalg.norm(centre - (rays @ centre)[..., None] * rays, axis=-1)
    expected = 2 * np.sqrt(np.maximum(100.0 - distance**2, 0.0))
    inside = distance < 9.5
    np.testing.assert_allclose(lengths[inside], expected[inside], atol=0.08)
    assert (lengths[distance > 10.0] == 0).all()


def test_pixels_on_shared_edges_are_counted_once():
    """The facets of a square share a diagonal through pixel centres; a pixel counted twice, or by none, stands out."""
    camera = camera_from_detector(17, 17, row_spacing_mm=1.0, column_spacing_mm=1.0, source_to_detector_mm=1024.0)
    box = box_mesh((-4.0, -4.0, 0.0), (4.0, 4.0, 512.0))
    lengths = chord_lengths(box, camera, rigid(np.eye(3), np.array([0.0, 0.0, 512.0])))
    np.testing.assert_allclose(lengths[5:12, 5:12], 512.0, rtol=1e-4)


def test_what_is_behind_the_source_is_not_drawn():
    assert not chord_lengths(sphere_mesh(10.0, 2), CAMERA, rigid(np.eye(3), np.array([0.0, 0.0, -50.0]))).any()
