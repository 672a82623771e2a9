"""The geometry in a DICOM image's attributes, without its pixels."""

import numpy as np
import pytest

from fluoropose.errors import FrameError
from fluoropose.io.xa_attributes import xa_attributes
from support.dicom import enhanced_xa, xray_bytes

FIELDS = {
    "DistanceSourceToDetector": 1100.0, "ImagerPixelSpacing": [0.3, 0.2], "DistanceSourceToPatient": 700.0,
    "PositionerPrimaryAngle": -10.5, "PositionerSecondaryAngle": 5.0, "PatientOrientation": ["L", "F"],
}  # fmt: skip


def test_attributes_are_those_of_the_kind():
    data = xray_bytes(np.zeros((2, 12, 16)), **FIELDS)
    expected = {"kind": "dicom_xa", "Rows": 12.0, "Columns": 16.0} | FIELDS
    assert xa_attributes(data) == expected


def test_an_enhanced_image_has_them_in_functional_groups():
    assert xa_attributes(enhanced_xa(np.zeros((2, 12, 16)))) == {
        "kind": "dicom_xa", "Rows": 12.0, "Columns": 16.0, "DistanceSourceToDetector": 1100.0,
        "DistanceSourceToPatient": 700.0, "ImagerPixelSpacing": [0.3, 0.2], "PositionerPrimaryAngle": 10.0,
        "PositionerSecondaryAngle": 5.0,
    }  # fmt: skip


def test_empty_attributes_are_left_out():
    found = xa_attributes(xray_bytes(np.zeros((1, 12, 16)), DistanceSourceToDetector="", PatientOrientation=""))
    assert found == {"kind": "dicom_xa", "Rows": 12.0, "Columns": 16.0}


def test_what_is_none():
    with pytest.raises(FrameError, match="expected a DICOM image"):
        xa_attributes(b"hello")


@pytest.mark.filterwarnings("ignore")
def test_words_for_a_number_are_named():
    data = xray_bytes(np.zeros((1, 12, 16)), DistanceSourceToDetector=1234.5).replace(b"1234.5", b"12x4.5")
    with pytest.raises(FrameError, match="DistanceSourceToDetector of a DICOM image as a number"):
        xa_attributes(data)
