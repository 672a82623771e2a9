"""Planes in order: their directions, what lies beside the line, and planes that differ."""

from dataclasses import replace

import numpy as np
import pydicom
import pytest

from fluoropose.errors import VolumeError
from fluoropose.io.dicom_planes import Plane
from fluoropose.io.dicom_stack import stack_planes

X, Y, Z = np.eye(3)


def planes(heights=(0.0, 2.0, 4.0, 6.0), **changes):
    made = []
    for n, height in enumerate(heights):
        dataset = pydicom.Dataset()
        dataset.PixelData = bytes([n] * 4)
        made.append(Plane(f"{n}.dcm", dataset, 0, X, Y, height * Z, (0.5, 0.7), (4, 5), 1.0, 0.0))
    return made


def test_planes_are_sorted_along_their_normal():
    found = stack_planes(planes((6.0, 0.0, 4.0, 2.0)))
    assert [plane.name for plane in found.planes] == ["1.dcm", "3.dcm", "2.dcm", "0.dcm"]
    np.testing.assert_allclose(found.lps_from_index, np.diag([0.7, 0.5, 2.0, 1.0]))
    assert found.findings == ()


def test_a_plane_beside_the_line_is_named():
    made = planes()
    made[2] = replace(made[2], position_mm=made[2].position_mm + 3.0 * X)
    with pytest.raises(VolumeError, match=r"slices on one line, got 2.dcm 3.00 mm beside it"):
        stack_planes(made)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shape": (4, 6)}, r"one size, got \(4, 5\) in 0.dcm and \(4, 6\) in 3.dcm"),
        ({"row_direction": Y, "column_direction": -X}, "one orientation, got several: 0.dcm and 3.dcm"),
        ({"spacing_mm": (0.5, 0.8)}, "one Pixel Spacing, got several: 0.dcm and 3.dcm"),
    ],
)
def test_planes_that_differ_are_named(change, words):
    made = planes()
    made[3] = replace(made[3], **change)
    with pytest.raises(VolumeError, match=words):
        stack_planes(made)


def test_one_plane_twice_is_one_slice():
    with pytest.raises(VolumeError, match="at least 2 slices, got one slice in 0.dcm"):
        stack_planes([planes()[0]] * 2)
