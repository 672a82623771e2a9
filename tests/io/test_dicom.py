"""DICOM X-ray images: frames and runs."""

import io

import numpy as np
import pytest
from pydicom.uid import XRayRadiofluoroscopicImageStorage

from fluoropose.errors import FrameError
from fluoropose.io.dicom import read_dicom_frame, read_dicom_run, told_dicom_size
from support.dicom import deflated, series, xray_bytes


@pytest.fixture
def stored(rng):
    return rng.integers(0, 1500, (6, 5, 7)).astype(np.int16)


def test_a_frame_is_read_and_a_damaged_one_refused(tmp_path, stored):
    path = next(series(tmp_path / "ct", stored).iterdir())
    data = path.read_bytes()
    assert read_dicom_frame(data).shape == (5, 6)
    with pytest.raises(FrameError, match="expected a DICOM image"):
        read_dicom_frame(data[:-20])
    with pytest.raises(FrameError, match="expected a DICOM image"):
        read_dicom_frame(io.BytesIO(b"nothing").getvalue())


def test_a_run_has_its_frames_and_its_rate():
    frames = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
    found, rate = read_dicom_run(xray_bytes(frames, RecommendedDisplayFrameRate=30))
    np.testing.assert_array_equal(found, frames)
    assert rate == 30.0
    assert read_dicom_run(xray_bytes(frames))[1] is None


def test_a_radiofluoroscopic_image_is_a_run_with_its_frames_by_number():
    frames = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
    data = xray_bytes(frames, SOPClassUID=XRayRadiofluoroscopicImageStorage, Modality="RF", FrameTime="40")
    found, rate = read_dicom_run(data)
    np.testing.assert_array_equal(found, frames)
    assert rate == 25.0
    np.testing.assert_array_equal(read_dicom_frame(data, 1), frames[1])


def test_what_is_no_greyscale_run_is_refused():
    with pytest.raises(FrameError, match="expected a DICOM image"):
        read_dicom_run(b"noise")
    colour = np.zeros((3, 4, 4), np.uint16)
    with pytest.raises(FrameError, match="expected one greyscale frame"):
        read_dicom_frame(xray_bytes(colour))


def test_the_size_is_told_by_the_header_alone(tmp_path):
    plain = xray_bytes(np.zeros((1, 4, 6)))
    for name, data in (("plain", plain), ("bomb", deflated(plain, extra=b"\0" * 20_000_000))):
        (tmp_path / name).write_bytes(data)
        assert told_dicom_size(tmp_path / name) == (4, 6)
    (tmp_path / "none").write_bytes(b"words")
    with pytest.raises(FrameError, match="expected a DICOM image"):
        told_dicom_size(tmp_path / "none")
