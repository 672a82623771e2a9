"""Views of solids: as wide as the solid, whatever its voxels are; what a pixel shows is the mean of its rays."""

import numpy as np
import pytest

from fluoropose.drr.mesh_views import MeshRenderer, mean_lines
from fluoropose.drr.planes import PlaneRenderer
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.rigid import rigid
from fluoropose.imaging.mesh import Solid
from fluoropose.imaging.mesh_voxels import voxelise_mesh
from fluoropose.similarity.edge_drawing import CONTRAST, HARDENING
from support.meshes import box_mesh, sphere_mesh

METAL_PER_MM = 0.78
CAMERA = camera_from_detector(120, 110, row_spacing_mm=0.4, column_spacing_mm=0.4, source_to_detector_mm=1000.0)
POSE = rigid(np.eye(3), np.array([0.3, -0.2, 800.0]))


def shadow_mm2(lines):
    """Return the area, at the object, of what lets less than half through, by what pixels let through in part."""
    shown = np.exp(-lines)
    return float(np.clip((1 - shown) / (1 - shown.min()), 0, 1).sum()) * (0.4 * 0.8) ** 2


def test_a_pixel_shows_the_mean_of_its_rays():
    lines = np.zeros((4, 8))
    lines[:, 6:] = 50.0
    lines[0, :4] = 0.7
    found = mean_lines(lines, 4)
    shown = np.exp(-CONTRAST * found / np.sqrt(1 + HARDENING * found))
    one = np.exp(-CONTRAST * 0.7 / np.sqrt(1 + HARDENING * 0.7))
    np.testing.assert_allclose(shown, [[(12 + 4 * one) / 16, 0.5]], atol=1e-4)


def test_lines_that_are_even_in_a_pixel_stay_as_they_are():
    lines = np.repeat(np.repeat([[0.0, 0.2, 3.0, 20.0]], 4, axis=0), 4, axis=1)
    np.testing.assert_allclose(mean_lines(lines, 4), [[0.0, 0.2, 3.0, 20.0]], rtol=1e-5, atol=1e-7)


def test_metal_is_as_wide_as_its_mesh_and_voxels_make_it_wider():
    """A box seen along its sides: half the light passes at the mesh's own edge, and outside that of voxels."""
    mesh = box_mesh((-8.0, -8.0, -10.0), (8.0, 8.0, 10.0))
    exact = shadow_mm2(MeshRenderer(Solid(mesh, METAL_PER_MM)).render(CAMERA, POSE))
    voxels = shadow_mm2(PlaneRenderer(voxelise_mesh(mesh, METAL_PER_MM, 0.75)).render(CAMERA, POSE))
    near_face = (16.0 * 800.0 / 790.0) ** 2
    assert exact == pytest.approx(near_face, rel=0.01)
    assert voxels > 1.02 * near_face


def test_a_solid_outside_the_frame_leaves_it_empty():
    away = rigid(np.eye(3), np.array([300.0, 0.0, 800.0]))
    assert not MeshRenderer(Solid(sphere_mesh(5.0, 2), METAL_PER_MM)).render(CAMERA, away).any()
