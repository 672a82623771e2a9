"""DICOM images from outside: what a header may announce, and what may be inflated, before anything is decoded."""

import io
import struct
import tracemalloc
from contextlib import contextmanager

import numpy as np
import pydicom
import pytest
from pydicom.uid import RLELossless

from fluoropose.errors import FrameError
from fluoropose.io.dicom import read_dicom_frame
from fluoropose.io.dicom_bounds import (
    MAX_HEADER_BYTES,
    MAX_PIXELS,
    ImageBounds,
    check_inflated_size,
    open_dicom_header,
    open_dicom_image,
)
from support.dicom import deflated, slice_bytes, xray_bytes

ONE, MANY = ImageBounds(MAX_PIXELS, 1), ImageBounds(MAX_PIXELS, 10_000)
PLAIN = xray_bytes(np.zeros((1, 4, 4)))
BOMB = deflated(PLAIN, extra=b"\0" * 100_000_000)


@contextmanager
def peak_below(most):
    """Fail if Python allocates more bytes at a time meanwhile."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def encapsulated(rows, columns, payload, syntax=RLELossless):
    """A DICOM image whose pixels are one encapsulated fragment."""
    dataset = pydicom.dcmread(io.BytesIO(xray_bytes(np.zeros((1, 2, 2)))))
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.Rows, dataset.Columns = rows, columns
    dataset.PixelData = pydicom.encaps.encapsulate([payload])
    dataset["PixelData"].VR = "OB"
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


def test_deflated_and_run_length_coded_images_are_read(rng):
    pixels = rng.integers(0, 4000, (1, 12, 9)).astype(np.uint16)
    np.testing.assert_array_equal(read_dicom_frame(deflated(xray_bytes(pixels))), pixels[0])
    dataset = pydicom.dcmread(io.BytesIO(xray_bytes(pixels)))
    dataset.compress(RLELossless)
    stream = io.BytesIO()
    dataset.save_as(stream)
    np.testing.assert_array_equal(read_dicom_frame(stream.getvalue()), pixels[0])


def test_seven_hundred_bytes_of_run_lengths_do_not_ask_for_gigabytes():
    data = encapsulated(65535, 48000, struct.pack("<16I", 2, 64, 80, *[0] * 13) + b"\x81\0" * 8)
    assert len(data) < 1200
    with pytest.raises(FrameError, match="at most 16777216 pixels, got 65535 x 48000"):
        read_dicom_frame(data)


def test_a_deflated_bomb_is_refused_before_it_is_inflated():
    assert len(BOMB) < 200_000
    with peak_below(30e6), pytest.raises(FrameError, match="deflated image of at most 4194336 bytes, got more"):
        open_dicom_image(BOMB, MANY)


def test_a_deflated_bomb_in_a_series_is_refused_before_it_is_inflated():
    for data in (BOMB, BOMB[132:]):
        with peak_below(30e6), pytest.raises(FrameError, match="deflated image of at most"):
            check_inflated_size(data)
    plane = slice_bytes(0, np.zeros((4, 5), np.int16), [0.0, 0.0, 0.0])
    for data in (deflated(plane), plane, b"", b"1.2.840.10008.1.2.1.99"):
        check_inflated_size(data)


def test_a_header_ends_before_the_pixels_and_is_bounded():
    plain = xray_bytes(np.zeros((1, 4, 6)), DistanceSourceToDetector=1200.5)
    with peak_below(30e6):
        for data in (plain, plain[:-20], deflated(plain), BOMB):
            header = open_dicom_header(data)
            assert (header.Rows, "PixelData" in header) == (4, False)
    assert open_dicom_header(deflated(plain)).DistanceSourceToDetector == 1200.5
    with pytest.raises(FrameError, match="expected a DICOM image"):
        open_dicom_header(plain[:90])


def test_a_long_header_is_refused():
    at = PLAIN.index(struct.pack("<HH", 0x0028, 0x0002))
    long = struct.pack("<HH2sHI", 0x0019, 0x1010, b"OB", 0, MAX_HEADER_BYTES) + b"\0" * MAX_HEADER_BYTES
    with pytest.raises(FrameError, match="header of at most 4194304 bytes"):
        open_dicom_header(PLAIN[:at] + long + PLAIN[at:])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"Rows": 0}, "pixels, got 0 x"),
        ({"NumberOfFrames": 2_000_000}, "one greyscale frame, got 2000000"),
        ({"NumberOfFrames": -1}, "one greyscale frame, got -1"),
        ({"SamplesPerPixel": 3}, "3 samples"),
        ({"BitsAllocated": 64}, "bits allocated, got 64"),
    ],
)
def test_a_header_beyond_the_bounds_is_refused(fields, words):
    with pytest.raises(FrameError, match=words):
        open_dicom_image(xray_bytes(np.zeros((1, 4, 4)), **fields), ONE)


def test_many_small_elements_are_refused_and_so_is_a_long_way_to_the_pixels():
    data = xray_bytes(np.zeros((1, 4, 4)))
    at = data.index(struct.pack("<HH", 0x0028, 0x0002))
    small = b"".join(struct.pack("<HH2sH", 0x0019, 0x1000 + n % 4000, b"LO", 0) for n in range(5000))
    with pytest.raises(FrameError, match="at most 4096 elements"):
        open_dicom_image(data[:at] + small + data[at:], ONE)
    long = struct.pack("<HH2sHI", 0x0019, 0x1010, b"OB", 0, MAX_HEADER_BYTES) + b"\0" * MAX_HEADER_BYTES
    with pytest.raises(FrameError, match="expected"):
        open_dicom_image(data[:at] + long + data[at:], ONE)


@pytest.mark.parametrize("cut", [0, 100, 140, 300, 500])
def test_a_truncated_file_is_refused(cut):
    with pytest.raises(FrameError, match="expected"):
        read_dicom_frame(xray_bytes(np.zeros((1, 40, 40)))[:cut])
