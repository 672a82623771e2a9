"""Tolerances of a calibration: what may be one."""

import pytest

from fluoropose.errors import GeometryError
from fluoropose.geometry.tolerance import CameraTolerance


def test_without_numbers_a_camera_is_exact():
    assert CameraTolerance() == CameraTolerance(0.0, 0.0)


@pytest.mark.parametrize(
    "fields", [{"focal_percent": -1.0}, {"focal_percent": 51.0}, {"principal_point_px": float("nan")}]
)
def test_numbers_that_no_calibration_has(fields):
    with pytest.raises(GeometryError, match=f"camera tolerance {next(iter(fields))} must be 0 to"):
        CameraTolerance(**fields)
