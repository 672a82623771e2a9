"""Line integrals through surfaces: exact against boxes, without gaps along edges, sums where surfaces are nested."""

import numpy as np
import pytest

from fluoropose.geometry.camera import camera_from_detector, ray_directions
from fluoropose.geometry.rigid import inverse, rigid
from fluoropose.geometry.rotation import from_rotation_vector
from fluoropose.imaging.phantom import Box, line_integrals
from fluoropose.simulate.surface_rays import Surface, surface_lines
from support.meshes import box_mesh

HALF = np.array([12.0, 8.0, 15.0])
TURN = from_rotation_vector(np.array([0.3, -0.5, 0.2]))
POSE = rigid(TURN, np.array([3.0, -2.0, 800.0]))


@pytest.fixture
def camera():
    return camera_from_detector(96, 112, row_spacing_mm=0.6, column_spacing_mm=0.5, source_to_detector_mm=1100.0)


def box_surface(half=HALF, attenuation=0.2):
    mesh = box_mesh(-half, half)
    return Surface(mesh.vertices_mm, mesh.faces, attenuation)


def exact(camera, pose, half=HALF, attenuation=0.2):
    back = inverse(pose)
    box = Box(np.zeros(3), half, np.eye(3), attenuation)
    return line_integrals([box], back[:3, 3], ray_directions(camera) @ back[:3, :3].T)


def test_a_box_is_exact_at_each_ray(camera):
    found = surface_lines([box_surface()], camera, POSE, rays_per_side=1)
    np.testing.assert_allclose(found, exact(camera, POSE), atol=1e-9)


def test_rays_through_edges_meet_one_facet_of_two(camera):
    # Seen straight on, the diagonals of the front and the back face lie on the picture's own, through pixel centres.
    square = camera_from_detector(65, 65, row_spacing_mm=0.5, column_spacing_mm=0.5, source_to_detector_mm=1000.0)
    pose = rigid(np.eye(3), np.array([0.0, 0.0, 500.0]))
    half = np.array([4.0, 4.0, 4.0])
    found = surface_lines([box_surface(half)], square, pose, rays_per_side=1)
    np.testing.assert_allclose(found, exact(square, pose, half), atol=1e-9)
    assert found[32, 32] == pytest.approx(0.2 * 8.0)


def test_surfaces_within_one_another_add_up(camera):
    inner = 0.5 * HALF
    found = surface_lines([box_surface(), box_surface(inner, 0.1)], camera, POSE, rays_per_side=1)
    np.testing.assert_allclose(found, exact(camera, POSE) + exact(camera, POSE, inner, 0.1), atol=1e-9)


def test_a_pixel_averages_the_transmission_of_its_rays(camera):
    found = surface_lines([box_surface()], camera, POSE, rays_per_side=2)
    fine = np.exp(-exact(camera.scale_pixels(0.5), POSE))
    wanted = -np.log(fine.reshape(camera.rows, 2, camera.columns, 2).mean(axis=(1, 3)))
    np.testing.assert_allclose(found, wanted, atol=1e-9)


def test_what_is_beside_the_picture_or_behind_the_source_adds_nothing(camera):
    for centre in ([900.0, 0.0, 800.0], [0.0, 0.0, -800.0]):
        assert np.abs(surface_lines([box_surface()], camera, rigid(TURN, np.array(centre)))).max() == 0.0
