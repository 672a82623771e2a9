"""Cameras with places for tests of conversions: random ones, and how far two are apart."""

import numpy as np
from hypothesis import strategies as st

from fluoropose.geometry.camera import Camera
from fluoropose.geometry.conversion.convert import read_geometry
from fluoropose.geometry.conversion.imaging_geometry import ImagingGeometry
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import angle_between, from_rotation_vector

__all__ = ["c_arm_geometry", "geometries", "require_same", "some_geometry"]


def some_geometry(skew=0.0, ratio=1.0, placed=True):
    """Return a geometry off the centre whose focal lengths differ by `ratio`."""
    matrix = np.array([[4500.0, skew, 395.0], [0.0, 4500.0 * ratio, 588.0], [0.0, 0.0, 1.0]])
    place = rigid(from_rotation_vector(np.array([0.4, -1.1, 0.8])), np.array([36.0, -134.0, 1345.0]))
    return ImagingGeometry(Camera(1000, 1024, matrix), place if placed else None, 1200.0)


def c_arm_geometry():
    """Return a geometry of 96 x 128 pixels that every kind can hold but for its place."""
    spacings = {"row_spacing_mm": 1.5, "column_spacing_mm": 1.5, "source_to_detector_mm": 1100.0}
    angles = {"primary_deg": 20.0, "secondary_deg": 10.0, "source_to_isocenter_mm": 700.0}
    return read_geometry({"kind": "c_arm", "rows": 96, "columns": 128} | spacings | angles)


@st.composite
def geometries(draw, square=False, placed=True, skewed=False):
    """Draw a geometry; `square` pixels only, `skewed` also with a skew, all in front of the world's origin."""
    number = st.floats(-1.0, 1.0, allow_subnormal=False)
    rows, columns = draw(st.integers(64, 4096)), draw(st.integers(64, 4096))
    fx = draw(st.floats(500.0, 20000.0))
    fy = fx if square else fx * draw(st.floats(0.9, 1.1))
    u0, v0 = columns * (0.5 + 0.4 * draw(number)), rows * (0.5 + 0.4 * draw(number))
    skew = 5.0 * draw(number) if skewed else 0.0
    camera = Camera(rows, columns, np.array([[fx, skew, u0], [0.0, fy, v0], [0.0, 0.0, 1.0]]))
    turn = from_rotation_vector(np.pi * np.array([draw(number), draw(number), draw(number)]))
    shift = np.array([300.0 * draw(number), 300.0 * draw(number), draw(st.floats(200.0, 2000.0))])
    return ImagingGeometry(camera, rigid(turn, shift) if placed else None, draw(st.floats(500.0, 2000.0)))


def require_same(found, expected, lengths=True):
    """Require the same camera, to a millionth of a pixel, mm and degree; with `lengths` also the same distance."""
    assert (found.camera.rows, found.camera.columns) == (expected.camera.rows, expected.camera.columns)
    np.testing.assert_allclose(found.camera.intrinsic_matrix, expected.camera.intrinsic_matrix, rtol=0.0, atol=1e-6)
    if lengths:
        assert abs(found.source_to_detector_mm - expected.source_to_detector_mm) < 1e-6
    if expected.camera_from_world is None:
        assert found.camera_from_world is None
        return
    apart = found.camera_from_world[:3, 3] - expected.camera_from_world[:3, 3]
    assert np.abs(apart).max() < 1e-6
    assert np.rad2deg(angle_between(found.camera_from_world[:3, :3], expected.camera_from_world[:3, :3])) < 1e-6
