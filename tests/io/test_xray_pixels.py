"""Attributes of DICOM X-ray images that change what a pixel means."""

import io

import numpy as np
import pydicom
import pytest

from fluoropose.errors import FrameError
from fluoropose.io.dicom import read_dicom_frame, read_dicom_run
from fluoropose.io.xray_pixels import intensities_run_down, xray_pixels
from support.dicom import xray_bytes

STORED = np.arange(24, dtype=np.uint16).reshape(1, 4, 6) * 100
BITS = {"BitsStored": 12, "HighBit": 11}


@pytest.mark.parametrize(
    ("fields", "down"),
    [
        ({}, False),
        ({"PhotometricInterpretation": "MONOCHROME1"}, True),
        ({"PresentationLUTShape": "INVERSE"}, True),
        ({"PresentationLUTShape": "IDENTITY"}, False),
        ({"PixelIntensityRelationshipSign": -1}, True),
        ({"PixelIntensityRelationshipSign": 1, "PhotometricInterpretation": "MONOCHROME1"}, False),
    ],
)
def test_the_open_beam_is_bright_whatever_the_attributes_say(fields, down):
    data = xray_bytes(STORED, **BITS, **fields)
    assert intensities_run_down(pydicom.dcmread(io.BytesIO(data))) is down
    found = read_dicom_frame(data)
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found, 4095 - STORED[0] if down else STORED[0])


def test_a_rescale_is_applied_and_turned_in_its_own_range():
    fields = {"RescaleSlope": 2.0, "RescaleIntercept": -10.0}
    found = read_dicom_frame(xray_bytes(STORED, **BITS, **fields))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, 2.0 * STORED[0] - 10.0)
    turned = read_dicom_frame(xray_bytes(STORED, **BITS, **fields, PixelIntensityRelationshipSign=-1))
    np.testing.assert_allclose(turned, 2.0 * (4095 - STORED[0].astype(float)) - 10.0)


def test_signed_pixels_are_turned_within_their_range():
    signed = STORED - 500
    data = xray_bytes(signed, **BITS, PixelRepresentation=1, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(read_dicom_frame(data), -1 - signed[0].astype(np.int16))


def test_indices_of_colours_are_refused_in_words():
    with pytest.raises(FrameError, match="got PALETTE COLOR: its numbers are indices of colours"):
        read_dicom_frame(xray_bytes(STORED, PhotometricInterpretation="PALETTE COLOR"))
    with pytest.raises(FrameError, match="Rescale Slope other than 0"):
        read_dicom_frame(xray_bytes(STORED, RescaleSlope=0.0, RescaleIntercept=1.0))


def test_one_frame_of_many_by_number(rng):
    frames = rng.integers(0, 4000, (5, 6, 7)).astype(np.uint16)
    data = xray_bytes(frames)
    np.testing.assert_array_equal(read_dicom_frame(data, 3), frames[3])
    np.testing.assert_array_equal(read_dicom_run(data)[0], frames)
    with pytest.raises(FrameError, match="0 to 4, got 5"):
        read_dicom_frame(data, 5)


def test_only_that_frame_is_decoded(monkeypatch):
    """Pixels of the other frames are not there at all: asking for one must not touch them."""
    data = xray_bytes(np.concatenate([STORED, STORED + 1]))
    dataset = pydicom.dcmread(io.BytesIO(data))
    asked = []
    from fluoropose.io import stored_pixels as module

    real = module.pixel_array
    monkeypatch.setattr(module, "pixel_array", lambda one, **how: asked.append(how) or real(one, **how))
    np.testing.assert_array_equal(xray_pixels(dataset, 1), STORED[0] + 1)
    assert asked == [{"index": 1}]


def test_pixels_of_32_bits_become_a_type_that_frames_have():
    def wide(values):
        item = {"BitsAllocated": 32, "BitsStored": 32, "HighBit": 31, "PixelData": values.astype("<u4").tobytes()}
        return read_dicom_frame(xray_bytes(STORED, **item))

    assert wide(STORED[0]).dtype == np.uint16
    large = STORED[0].astype(np.uint32) + 70000
    assert wide(large).dtype == np.float32
    np.testing.assert_array_equal(wide(large), large)
