"""Overlay planes: where they lie, of which frame they are, and bits of them in the pixels' own numbers."""

import io

import numpy as np
import pydicom
import pytest

from fluoropose.errors import FrameError
from fluoropose.io.dicom import read_dicom_frame
from fluoropose.io.overlay_planes import overlay_plane
from support.dicom import overlay, xray_bytes

MARKED = np.zeros((3, 4), bool)
MARKED[0, 0] = MARKED[2, 1] = True


def opened(frames=1, **plane):
    return pydicom.dcmread(io.BytesIO(xray_bytes(np.zeros((frames, 6, 9)), **plane)))


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ((1, 1), [(0, 0), (2, 1)]),
        ((3, 5), [(2, 4), (4, 5)]),
        ((-1, 1), [(0, 1)]),
        ((1, 0), [(2, 0)]),
        ((6, 9), [(5, 8)]),
    ],
)
def test_a_plane_lies_where_its_origin_says(origin, expected):
    found = overlay_plane(opened(**overlay(MARKED, origin=origin)), 0x6002)
    assert found.shape == (6, 9)
    assert list(zip(*np.nonzero(found), strict=True)) == expected


def test_a_plane_of_several_frames():
    planes = np.stack([MARKED, ~MARKED])
    item = opened(3, **overlay(planes), **{"60020051": ("US", 2)})
    counts = [int(overlay_plane(item, 0x6002, frame).sum()) for frame in range(3)]
    assert counts == [0, 2, 10]


def test_what_is_none():
    with pytest.raises(FrameError, match="group 6004"):
        overlay_plane(opened(**overlay(MARKED)), 0x6004)
    broken = overlay(MARKED)
    del broken["60023000"]
    with pytest.raises(FrameError, match="group 6002"):
        overlay_plane(opened(**broken), 0x6002)


@pytest.mark.parametrize("sign", [1, -1])
def test_overlay_bits_in_unused_bits_of_the_pixels_are_taken_off(rng, sign):
    pixels = rng.integers(0, 4096, (6, 9)).astype(np.uint16)
    marks = (rng.random((6, 9)) < 0.3).astype(np.uint16) << 15
    data = xray_bytes((pixels | marks)[None], BitsStored=12, HighBit=11, PixelIntensityRelationshipSign=sign)
    np.testing.assert_array_equal(read_dicom_frame(data), pixels if sign > 0 else 4095 - pixels)
