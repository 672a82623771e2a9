"""The rim of a mesh: it lies on the border of what the mesh covers, and its normals point outwards."""

import numpy as np
from scipy.ndimage import map_coordinates

from fluoropose.evaluation.studies.knee.rim import RimFinder
from fluoropose.geometry.camera import project
from fluoropose.geometry.rigid import rigid, transform
from fluoropose.imaging.mesh_chords import chord_lengths
from support.implants import MESH, POSE, two_cameras
from support.meshes import sphere_mesh


def test_points_lie_on_the_border_and_normals_point_outwards():
    placed = two_cameras()[1]
    pose = placed.camera_from_world @ POSE
    rim = RimFinder(MESH).find(placed.camera, pose, 1.0)
    assert len(rim.pixels) > 100
    np.testing.assert_allclose(rim.pixels, project(placed.camera, transform(pose, rim.points_mm)))
    covered = (chord_lengths(MESH, placed.camera, pose) > 0).astype(float)
    for far, least, most in ((-2.0, 0.97, 1.0), (2.0, 0.0, 0.03)):
        at = (rim.pixels + far * rim.normals).T[::-1]
        assert least <= map_coordinates(covered, at, order=0).mean() <= most


def test_a_sphere_has_the_normals_of_a_circle():
    placed = two_cameras()[0]
    pose = rigid(np.eye(3), np.array([0.0, 0.0, 500.0]))
    rim = RimFinder(sphere_mesh(10.0, 5)).find(placed.camera, pose, 1.0)
    outwards = rim.pixels - 127.5
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    assert (outwards * rim.normals).sum(axis=1).min() > np.cos(np.deg2rad(5.0))
    height, width = rim.shown.shape
    assert rim.shown[height // 2, width // 2] < 0.01 < 0.99 < rim.shown[0, 0]
