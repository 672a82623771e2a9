"""Outlines of a ball, whose outline in any camera is known: the rays that touch it."""

import numpy as np
import pytest

from fluoropose.drr.planes import PlaneRenderer
from fluoropose.drr.silhouette import object_outline
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import about_x, about_y
from fluoropose.imaging.phantom import Ellipsoid, voxelise_bodies
from fluoropose.imaging.volume import bounding_corners

RADIUS_MM = 30.0
OFF_CENTRE = Camera(1024, 800, np.array([[3700.0, 0.0, 510.0], [0.0, 3500.0, 300.0], [0.0, 0.0, 1.0]]))
TURNED = about_x(0.4) @ about_y(-0.3)


@pytest.fixture(scope="module")
def ball():
    body = Ellipsoid(np.array([3.0, -2.0, 1.0]), np.full(3, RADIUS_MM), np.eye(3), 0.02)
    return voxelise_bodies([body], (90, 90, 90), 0.8, 2)


def outline_of(ball, centre_mm, camera=OFF_CENTRE):
    pose = rigid(TURNED, np.array(centre_mm) - TURNED @ [3.0, -2.0, 1.0])
    return object_outline(PlaneRenderer(ball), camera, pose, bounding_corners(ball))


def distance_of_rays_mm(polygon, centre_mm, camera=OFF_CENTRE):
    """Return how near the rays through an outline's points come to the ball's centre."""
    rays = np.column_stack([polygon, np.ones(len(polygon))]) @ np.linalg.inv(camera.intrinsic_matrix).T
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    return np.linalg.norm(np.cross(rays, centre_mm), axis=1)


@pytest.mark.parametrize("centre_mm", [(20.0, 30.0, 900.0), (-60.0, 90.0, 1100.0)])
def test_rays_through_the_outline_touch_the_ball(ball, centre_mm):
    (polygon,) = outline_of(ball, centre_mm)
    distances = distance_of_rays_mm(polygon, centre_mm)
    assert np.abs(distances - RADIUS_MM).max() < 0.4  # half a voxel
    assert np.abs(distances - RADIUS_MM).mean() < 0.16


def test_the_frame_cuts_no_outline(ball):
    """A ball half outside the frame keeps its outline there; polygons have no points along the frame's edge."""
    centre_mm = (-120.0, 40.0, 900.0)
    (polygon,) = outline_of(ball, centre_mm)
    assert polygon[:, 0].min() < -40.0 and polygon[:, 0].max() > 40.0
    assert np.abs(distance_of_rays_mm(polygon, centre_mm) - RADIUS_MM).max() < 0.4


def test_a_frame_without_the_object_has_no_outline(ball):
    assert outline_of(ball, (500.0, 0.0, 900.0)) == ()
    assert outline_of(ball, (0.0, 0.0, -900.0)) == ()


def test_an_object_around_the_source_ends_with_an_outline_of_what_is_seen(ball):
    polygons = outline_of(ball, (0.0, 0.0, 20.0))
    assert all(np.isfinite(polygon).all() for polygon in polygons)
