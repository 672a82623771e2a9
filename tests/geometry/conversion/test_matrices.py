"""Matrices with others' signs: by hand."""

import numpy as np
import pytest

from fluoropose.errors import GeometryError
from fluoropose.geometry.conversion.matrices import read_intrinsic, read_projection_matrix, write_intrinsic
from support.geometries import some_geometry

K = [[1000.0, 0.0, 300.0], [0.0, 1000.0, 200.0], [0.0, 0.0, 1.0]]
SIZE = {"kind": "intrinsic", "rows": 480, "columns": 640}


def test_a_matrix_as_ours_is_taken_as_it_is():
    found = read_intrinsic(SIZE | {"intrinsic_matrix": K})
    np.testing.assert_array_equal(found.camera.intrinsic_matrix, K)
    assert found.camera_from_world is None and found.source_to_detector_mm is None


def test_opengls_camera_looks_along_minus_z():
    """fx < 0 with x to the right and y up: a point to the right, above, at negative z is right of and above the axis."""
    matrix = [[-1000.0, 0.0, 300.0], [0.0, 1000.0, 200.0], [0.0, 0.0, 1.0]]
    found = read_intrinsic(SIZE | {"intrinsic_matrix": matrix, "camera_from_world": np.eye(4).tolist()})
    np.testing.assert_array_equal(found.camera.intrinsic_matrix, K)
    np.testing.assert_array_equal(found.camera_from_world, np.diag([1.0, -1.0, -1.0, 1.0]))


def test_rows_from_the_bottom():
    found = read_intrinsic(SIZE | {"intrinsic_matrix": K, "v_axis": "up", "camera_from_world": np.eye(4).tolist()})
    assert found.camera.intrinsic_matrix[1, 2] == 479 - 200.0
    assert np.linalg.det(found.camera_from_world[:3, :3]) == pytest.approx(1.0)


def test_an_origin_at_the_corner():
    found = read_intrinsic(SIZE | {"intrinsic_matrix": K, "pixel_origin": "corner"})
    np.testing.assert_array_equal(found.camera.intrinsic_matrix[:2, 2], [299.5, 199.5])


def test_written_as_opengl_has_it():
    fields = write_intrinsic(some_geometry(), {"looks_along": "-z"}).fields
    assert fields["intrinsic_matrix"][0][0] == -4500.0 and fields["intrinsic_matrix"][1][1] == 4500.0


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (np.zeros((3, 4)).tolist(), "singular"),
        (np.ones((3, 4)).tolist(), "singular"),
        (np.eye(3).tolist(), "3 x 4 finite numbers"),
    ],
)
def test_projections_that_are_none(matrix, words):
    with pytest.raises(GeometryError, match=words):
        read_projection_matrix(SIZE | {"kind": "projection_matrix", "projection_matrix": matrix})


def test_an_intrinsic_matrix_is_triangular():
    with pytest.raises(GeometryError, match="upper triangular"):
        read_intrinsic(SIZE | {"intrinsic_matrix": [[1.0, 0, 0], [1.0, 1.0, 0], [0, 0, 1.0]]})
