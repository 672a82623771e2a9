"""Signs of focal lengths and handedness: every choice of axes gives the pixels that its own formula gives."""

from itertools import product

import numpy as np
import pytest

from fluoropose.errors import GeometryError
from fluoropose.geometry.camera import Camera, project
from fluoropose.geometry.conversion.imaging_geometry import flip_rows, physical_geometry, shift_origin
from fluoropose.geometry.rigid import transform
from support.geometries import some_geometry

POINTS = np.array([[10.0, -20.0, 30.0], [-40.0, 15.0, -5.0], [0.0, 0.0, 0.0]])


@pytest.mark.parametrize("axes", list(product((-1.0, 1.0), repeat=3)))
def test_turned_axes_give_the_same_pixels_and_one_physical_camera(axes):
    """A camera whose axes are turned round or mirrored is written with other signs and means the same."""
    true = some_geometry(skew=3.0)
    signs = np.array(axes)
    # In turned axes x' = signs * x, the same pixels need K' = K diag(signs), scaled so that its last entry is 1.
    matrix = signs[2] * true.camera.intrinsic_matrix * signs
    rotation, shift = signs[:, None] * true.camera_from_world[:3, :3], signs * true.camera_from_world[:3, 3]
    there = POINTS @ rotation.T + shift
    pixels = (there @ matrix.T)[:, :2] / there[:, 2:]
    found, place = physical_geometry(matrix, rotation, shift)
    np.testing.assert_allclose(found, true.camera.intrinsic_matrix, atol=1e-9)
    np.testing.assert_allclose(place, true.camera_from_world, atol=1e-9)
    np.testing.assert_allclose(project(Camera(1000, 1024, found), transform(place, POINTS)), pixels, atol=1e-9)


def test_rows_are_counted_from_the_other_end():
    camera = some_geometry(skew=3.0).camera
    point = np.array([20.0, 30.0, 900.0])
    u, v = project(camera, point)
    flipped = flip_rows(camera.intrinsic_matrix, camera.rows) @ point
    np.testing.assert_allclose(flipped[:2] / flipped[2], [u, camera.rows - 1 - v])


def test_an_origin_at_the_corner_is_half_a_pixel_away():
    matrix = shift_origin(some_geometry().camera.intrinsic_matrix, -0.5)
    np.testing.assert_allclose(matrix[:2, 2], [394.5, 587.5])


@pytest.mark.parametrize(
    ("matrix", "rotation", "words"),
    [
        (np.diag([0.0, 1.0, 1.0]), np.eye(3), "must not be 0"),
        (np.eye(3), np.diag([1.1, 1.0, 1.0]), "orthonormal"),
    ],
)
def test_what_is_no_camera(matrix, rotation, words):
    with pytest.raises(GeometryError, match=words):
        physical_geometry(matrix, rotation, np.zeros(3))


def test_what_a_kind_needs_is_asked_for():
    bare = some_geometry(placed=False)
    with pytest.raises(GeometryError, match="expected camera_from_world for mayacam2"):
        bare.require_place("mayacam2")
    assert bare.require_distance("c_arm") == 1200.0
