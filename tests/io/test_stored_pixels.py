"""Stored pixels: as pydicom decodes them here, by one process for all images; what ends it is an error and no end."""

import io
import subprocess
import sys

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames
from pydicom.pixels.utils import pixel_array

from fluoropose.errors import FrameError
from fluoropose.io.stored_pixels import decode_packed, stored_pixels
from support.dicom import compressed, ends_gdcm, enhanced_xa, slice_bytes, xray_bytes
from support.slow_decoder import slow_decoder

FRAMES = (np.arange(3 * 32 * 24, dtype=np.uint16) * 7).reshape(3, 32, 24)
SYNTAXES = ["JPEGLosslessProcess14_1", "JPEGLSLossless", "JPEG2000Lossless", "RLELossless"]


def opened(data):
    return pydicom.dcmread(io.BytesIO(data))


@pytest.fixture
def starts(monkeypatch):
    """The commands that decoding processes were started with."""
    started, real = [], subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda command, **how: started.append(command) or real(command, **how))
    return started


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_compressed_pixels_are_those_that_were_compressed(syntax):
    runs = opened(compressed(xray_bytes(FRAMES), syntax))
    np.testing.assert_array_equal(stored_pixels(runs), FRAMES)
    np.testing.assert_array_equal(stored_pixels(runs, 1), FRAMES[1])
    signed = FRAMES[0].astype(np.int16) - 3000
    plane = opened(compressed(slice_bytes(0, signed, [0.0, 0.0, 0.0]), syntax))
    found = stored_pixels(plane)
    assert found.dtype == pixel_array(plane).dtype == np.int16
    np.testing.assert_array_equal(found, signed)


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("make", [xray_bytes, enhanced_xa])
def test_a_frame_by_number_is_decoded_without_the_others(syntax, make):
    packed = opened(compressed(make(FRAMES), syntax))
    first, second, third = generate_frames(packed.PixelData, number_of_frames=3)
    packed.PixelData = encapsulate([b"\0" * len(first), second, b"\xff" * len(third)])
    np.testing.assert_array_equal(stored_pixels(packed, 1), FRAMES[1])
    with pytest.raises(ValueError, match="."):
        stored_pixels(packed, 0)


def test_a_frame_by_number_goes_by_the_table_of_offsets():
    packed = opened(compressed(xray_bytes(FRAMES), "RLELossless"))
    frames = list(generate_frames(packed.PixelData, number_of_frames=3))
    packed.PixelData, packed.ExtendedOffsetTable, packed.ExtendedOffsetTableLengths = encapsulate_extended(frames)
    np.testing.assert_array_equal(stored_pixels(packed, 2), FRAMES[2])


def test_one_process_decodes_all_and_plain_pixels_need_none(starts):
    stored_pixels(opened(xray_bytes(FRAMES)))
    assert starts == []
    for _ in range(3):
        stored_pixels(opened(compressed(xray_bytes(FRAMES), "RLELossless")))
    assert len(starts) <= 1


def test_data_that_ends_gdcm_is_an_error_and_the_next_image_is_decoded():
    for make in (xray_bytes, lambda frames: slice_bytes(0, frames[0], [0.0, 0.0, 0.0])):
        with pytest.raises(ValueError, match="^data that ends its decoder$"):
            stored_pixels(opened(ends_gdcm(make(FRAMES[:1]))))
        stored_pixels(opened(compressed(make(FRAMES[:1]), "JPEG2000Lossless")))


def test_damaged_data_that_gdcm_refuses_says_so():
    packed = compressed(xray_bytes(FRAMES), "JPEGLSLossless")
    with pytest.raises(ValueError, match=r"[Uu]nable to decode"):
        stored_pixels(opened(packed.replace(b"\xff\xd8", b"\0\0")))


def test_what_takes_too_long_is_ended():
    with slow_decoder("fluoropose.io.stored_pixels_child") as slow:
        with pytest.raises(FrameError, match="longer than 0.1 s"):
            slow.decode(b"", "", 0.1)


def test_a_request_that_is_none_is_refused():
    with pytest.raises(FrameError):
        decode_packed(b"nonsense", "")


def test_a_module_in_the_working_folder_is_not_read(tmp_path):
    (tmp_path / "struct.py").write_text("raise SystemExit(3)")
    (tmp_path / "packed.dcm").write_bytes(compressed(xray_bytes(FRAMES), "RLELossless"))
    words = "import pydicom; from fluoropose.io.stored_pixels import stored_pixels as f; "
    words += "print(f(pydicom.dcmread('packed.dcm')).shape)"
    done = subprocess.run([sys.executable, "-P", "-c", words], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "(3, 32, 24)\n", done.stderr
