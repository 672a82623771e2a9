"""TIFF pages: every type and polarity with the numbers that were stored."""

import io

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from fluoropose.errors import FrameError
from fluoropose.io.frames import read_frame_file
from fluoropose.io.tiff_pages import tiff_pages


def tiff(*pages, **tags):
    stream = io.BytesIO()
    images = [Image.fromarray(page) for page in pages]
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in tags.items():
        info[int(tag.removeprefix("t"))] = value
    images[0].save(stream, format="TIFF", save_all=True, append_images=images[1:], tiffinfo=info)
    return stream.getvalue()


def raw_tiff(pixels, bits, sample_format, photometric=1):
    """Write a TIFF of one strip by hand, with the tags that Pillow will not write."""
    body = pixels.tobytes()
    entries = [
        (256, 4, pixels.shape[1]), (257, 4, pixels.shape[0]), (258, 3, bits), (259, 3, 1), (262, 3, photometric),
        (273, 4, 8), (277, 3, 1), (278, 4, pixels.shape[0]), (279, 4, len(body)), (339, 3, sample_format),
    ]  # fmt: skip
    directory = len(entries).to_bytes(2, "little")
    for tag, kind, value in entries:
        directory += tag.to_bytes(2, "little") + kind.to_bytes(2, "little") + (1).to_bytes(4, "little")
        directory += value.to_bytes(4, "little")
    return b"II*\0" + (8 + len(body)).to_bytes(4, "little") + body + directory + b"\0" * 4


GREYS = np.arange(24).reshape(4, 6)


def test_pages_are_read_alone_or_together(tmp_path):
    pages = [(GREYS + n).astype(np.uint16) for n in range(3)]
    data = tiff(*pages)
    np.testing.assert_array_equal(tiff_pages(data), pages)
    np.testing.assert_array_equal(tiff_pages(data, 2, 1), pages[2:])
    (tmp_path / "a.tif").write_bytes(data)
    np.testing.assert_array_equal(read_frame_file(tmp_path / "a.tif", 1), pages[1])
    np.testing.assert_array_equal(read_frame_file(tmp_path / "a.tif"), pages[0])
    with pytest.raises(FrameError, match="0 to 2, got 3"):
        read_frame_file(tmp_path / "a.tif", 3)


@pytest.mark.parametrize(
    ("dtype", "bits", "sample_format", "offset", "expected"),
    [
        ("<u1", 8, 1, 0, np.uint8),
        ("<u2", 16, 1, 60000, np.uint16),
        ("<i2", 16, 2, -500, np.int16),
        ("<u4", 32, 1, 3_000_000_000, np.float32),
        ("<u4", 32, 1, 60000, np.uint16),
        ("<i4", 32, 2, -500, np.float32),
        ("<f4", 32, 3, 0, np.float32),
    ],
)
def test_numbers_are_those_that_were_stored(dtype, bits, sample_format, offset, expected):
    pixels = (GREYS + offset).astype(dtype)
    (found,) = tiff_pages(raw_tiff(pixels, bits, sample_format))
    assert found.dtype == expected
    np.testing.assert_allclose(found, pixels.astype(np.float64), rtol=1e-6)


@pytest.mark.parametrize(("dtype", "bits", "top"), [("<u1", 8, 255), ("<u2", 16, 65535)])
def test_white_is_zero_is_turned_round(dtype, bits, top):
    pixels = GREYS.astype(dtype)
    (found,) = tiff_pages(raw_tiff(pixels, bits, 1, photometric=0))
    np.testing.assert_array_equal(found, top - GREYS)


@pytest.mark.parametrize(
    "data", [b"", b"II*\0", tiff(np.zeros((4, 4, 3), np.uint8)), tiff(np.zeros((4, 4), np.uint8))[:-20]]
)
def test_other_files_are_refused(data):
    with pytest.raises(FrameError, match="expected"):
        tiff_pages(data)
