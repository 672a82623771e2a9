"""The pinhole camera by hand: projection, rays, binning, parts, and what is refused."""

import numpy as np
import pytest

from fluoropose.errors import GeometryError
from fluoropose.geometry.camera import (
    Camera,
    camera_from_detector,
    camera_from_intrinsics,
    off_centre_px,
    project,
    ray_directions,
)


def test_projection_by_hand():
    # 1000 mm to the detector, 0.5 mm pixels: focal length 2000 px. A point 10 mm right and 20 mm down at 800 mm
    # lands 12.5 mm right and 25 mm down on the detector: 25 px and 50 px from the centre (127.5, 99.5).
    camera = camera_from_detector(200, 256, row_spacing_mm=0.5, column_spacing_mm=0.5, source_to_detector_mm=1000.0)
    np.testing.assert_allclose(project(camera, np.array([10.0, 20.0, 800.0])), [127.5 + 25.0, 99.5 + 50.0])


def test_unequal_spacing_and_a_moved_principal_point():
    camera = camera_from_detector(
        10, 10, row_spacing_mm=2.0, column_spacing_mm=1.0, source_to_detector_mm=100.0, principal_point_px=(3.0, 4.0)
    )
    np.testing.assert_allclose(project(camera, np.array([1.0, 1.0, 10.0])), [3.0 + 10.0, 4.0 + 5.0])


def test_rays_project_to_their_own_pixels(camera):
    pixels = project(camera, ray_directions(camera) * 700.0)
    u, v = np.meshgrid(np.arange(camera.columns), np.arange(camera.rows))
    np.testing.assert_allclose(pixels, np.stack([u, v], axis=-1), atol=1e-9)


def test_binning_keeps_where_things_are(camera):
    # The centre of binned pixel 0 is the middle of pixels 0 and 1.
    point = np.array([31.0, -22.0, 800.0])
    fine, coarse = project(camera, point), project(camera.scale_pixels(2), point)
    np.testing.assert_allclose(coarse, (fine - 0.5) / 2.0)
    assert (camera.scale_pixels(2).rows, camera.scale_pixels(2).columns) == (48, 64)


def test_a_part_keeps_where_things_are(camera):
    point = np.array([31.0, -22.0, 800.0])
    part = camera.crop(np.array([-5, 12]), np.array([60, 40]))
    np.testing.assert_allclose(project(part, point), project(camera, point) - [-5.0, 12.0])
    assert (part.rows, part.columns) == (28, 65)


@pytest.mark.parametrize("spacing", [0.0, -0.3, np.nan, np.inf])
def test_a_spacing_that_is_no_length_is_refused(spacing):
    with pytest.raises(GeometryError, match="row_spacing_mm must be a positive length"):
        camera_from_detector(10, 10, row_spacing_mm=spacing, column_spacing_mm=0.3, source_to_detector_mm=1000.0)


@pytest.mark.parametrize(
    "matrix",
    [np.eye(2), np.full((3, 3), np.nan), np.diag([-1.0, 1.0, 1.0]), np.diag([1.0, 1.0, 2.0]), np.ones((3, 3))],
    ids=["2x2", "nan", "mirrored", "scaled", "full"],
)
def test_a_bad_intrinsic_matrix_is_refused(matrix):
    with pytest.raises(GeometryError, match="camera"):
        camera_from_intrinsics(10, 10, matrix)


def test_an_absurd_size_is_refused():
    with pytest.raises(GeometryError, match="rows must be 2 to"):
        Camera(100000, 10, np.eye(3))


def test_a_camera_cannot_be_changed(camera):
    with pytest.raises(ValueError, match="read-only"):
        camera.intrinsic_matrix[0, 0] = 1.0


@pytest.mark.parametrize("huge", [1e308, 1e-308])
def test_numbers_beyond_any_detector_are_refused(huge):
    with pytest.raises(GeometryError, match="row_spacing_mm must be 1e-05 to 1e.06 mm"):
        camera_from_detector(4, 4, row_spacing_mm=huge, column_spacing_mm=1.0, source_to_detector_mm=1000.0)
    with pytest.raises(GeometryError, match="focal lengths of at least"):
        Camera(4, 4, [[huge, 0, 1.5], [0, 10.0, 1.5], [0, 0, 1]])


def test_the_principal_point_is_measured_from_the_middle():
    camera = camera_from_detector(
        480,
        640,
        row_spacing_mm=1.0,
        column_spacing_mm=1.0,
        source_to_detector_mm=1000.0,
        principal_point_px=(322.5, 243.5),
    )
    assert off_centre_px(camera) == pytest.approx(5.0)
