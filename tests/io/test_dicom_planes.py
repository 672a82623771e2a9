"""Planes of a CT: by which attributes an image is one, and which of them cannot be meant."""

import io

import numpy as np
import pydicom
import pytest

from fluoropose.errors import VolumeError
from fluoropose.io.dicom_planes import is_localizer, is_volume_image, list_planes, numbers_of
from support.dicom import COLUMN, NORMAL, ROW, enhanced_bytes, slice_bytes

SECONDARY = "1.2.840.10008.5.1.4.1.1.7"


def parsed(**changes):
    return pydicom.dcmread(io.BytesIO(slice_bytes(0, np.zeros((4, 5), np.int16), [1.0, 2.0, 3.0], **changes)))


def test_a_plane_has_its_place():
    (plane,) = list_planes("a.dcm", parsed())
    np.testing.assert_allclose(plane.row_direction, ROW)
    np.testing.assert_allclose(plane.column_direction, COLUMN)
    np.testing.assert_allclose(plane.normal, NORMAL)
    assert (plane.shape, plane.spacing_mm, plane.slope, plane.intercept) == ((4, 5), (0.8, 0.6), 2.0, -1024.0)


def test_frames_have_their_own_places():
    planes = list_planes(
        "a.dcm", pydicom.dcmread(io.BytesIO(enhanced_bytes(np.zeros((5, 4, 3), np.int16), order=(2, 0, 1))))
    )
    assert [plane.name for plane in planes] == [f"a.dcm, frame {n}" for n in (1, 2, 3)]
    heights = [float((plane.position_mm - [10.0, -20.0, 30.0]) @ NORMAL) for plane in planes]
    np.testing.assert_allclose(heights, [3.0, 0.0, 1.5], atol=1e-9)
    assert planes[0].slope == 2.0


@pytest.mark.parametrize(
    ("changes", "is_one"),
    [
        ({}, True),
        ({"Modality": "MR"}, False),
        ({"SOPClassUID": SECONDARY}, True),
        ({"SOPClassUID": SECONDARY, "ImagePositionPatient": None}, False),
        ({"PixelData": None}, False),
    ],
)
def test_what_a_ct_image_is(changes, is_one):
    assert is_volume_image(parsed(**changes)) is is_one


def test_what_a_localizer_is():
    assert is_localizer(parsed(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]))
    assert not is_localizer(parsed(ImageType=["ORIGINAL", "PRIMARY", "AXIAL"]))
    assert not is_localizer(parsed())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"RescaleSlope": 0.0}, "Rescale Slope other than 0 in a.dcm, got 0"),
        (
            {"ImageOrientationPatient": [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]},
            "right angle as Image Orientation .Patient. in a.dcm",
        ),
        ({"ImageOrientationPatient": [1.0, 0.0, 0.0]}, "6 numbers as Image Orientation"),
        ({"Rows": 0}, "Rows, Columns and frames of 1 to 65535 in a.dcm"),
        ({"NumberOfFrames": 1000000}, "got .4, 5. and 1000000"),
        ({"Columns": None}, "expected Columns in a.dcm, got none"),
    ],
)
def test_attributes_that_cannot_be_meant_are_named(changes, words):
    with pytest.raises(VolumeError, match=words):
        list_planes("a.dcm", parsed(**changes))


@pytest.mark.parametrize("value", [None, "", "x", [1.0], [1.0, float("nan")], [1.0, 10**400]])
def test_numbers_are_as_many_as_they_must_be(value):
    with pytest.raises(VolumeError, match="expected 2 numbers as Pixel Spacing in a.dcm, got"):
        numbers_of(value, "PixelSpacing", "a.dcm", 2)
