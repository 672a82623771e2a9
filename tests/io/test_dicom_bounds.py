"""DICOM images from outside: what a header may announce, and what may be inflated, before anything is decoded."""

import io
import struct
import zlib

import numpy as np
import pydicom
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from fluoropose.errors import FrameError
from fluoropose.io.dicom import read_dicom_frame
from fluoropose.io.dicom_bounds import MAX_HEADER_BYTES, MAX_PIXELS, ImageBounds, open_dicom_image
from support.dicom import xray_bytes

ONE = ImageBounds(MAX_PIXELS, 1)


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


def deflated(frames, extra=b""):
    """A DICOM image whose data set is deflated, with bytes after it."""
    plain = xray_bytes(frames)
    meta = pydicom.filereader.read_dataset(
        io.BytesIO(plain[132:]), False, True, stop_when=lambda tag, vr, length: tag >> 16 != 2
    )
    length = int(meta.FileMetaInformationGroupLength) + 12
    body = plain[132 + length :] + extra
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    dataset = pydicom.dcmread(io.BytesIO(plain))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    head = io.BytesIO()
    pydicom.filewriter.write_file_meta_info(head, dataset.file_meta, enforce_standard=True)
    return b"\0" * 128 + b"DICM" + head.getvalue() + deflater.compress(body) + deflater.flush()


def test_deflated_and_run_length_coded_images_are_read(rng):
    pixels = rng.integers(0, 4000, (1, 12, 9)).astype(np.uint16)
    np.testing.assert_array_equal(read_dicom_frame(deflated(pixels)), pixels[0])
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
    data = deflated(np.zeros((1, 4, 4)), extra=b"\0" * 100_000_000)
    assert len(data) < 200_000
    with pytest.raises(FrameError, match="deflated image of at most"):
        open_dicom_image(data, ONE)


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
