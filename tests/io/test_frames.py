"""Frames as npy, PNG, TIFF and raw bytes, and damaged ones that are refused."""

import io

import numpy as np
import pytest
from PIL import Image

from fluoropose.errors import FrameError
from fluoropose.io.frames import decode_frame, guess_media_type, npy_bytes, png_bytes, raw_frame, read_frame_file


def png(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG")
    return stream.getvalue()


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_png_keeps_every_bit(rng, dtype):
    pixels = rng.integers(0, np.iinfo(dtype).max, (20, 30)).astype(dtype)
    found = decode_frame(png(pixels), "image/png")
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, pixels)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", ">u2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_in_any_order_of_bytes_and_axes(rng, dtype, order):
    pixels = np.asarray(rng.integers(0, 100, (20, 30)).astype(dtype), order=order)
    found = decode_frame(npy_bytes(pixels), "application/x-npy")
    np.testing.assert_array_equal(found, pixels)
    assert found.flags.c_contiguous
    assert found.dtype.isnative


def test_raw_pixels_are_little_endian(rng):
    pixels = rng.integers(0, 60000, (4, 5)).astype("<u2")
    np.testing.assert_array_equal(raw_frame(pixels.tobytes(), "uint16", 4, 5), pixels)


@pytest.mark.parametrize(
    ("dtype", "count", "words"),
    [("uint16", 39, "expected 40 bytes of 4 x 5 uint16 pixels, got 39"), ("float64", 160, "got float64"), (None, 40, "got None")],
)  # fmt: skip
def test_raw_pixels_of_a_wrong_size_or_kind(dtype, count, words):
    with pytest.raises(FrameError, match=words):
        raw_frame(b"\0" * count, dtype, 4, 5)


def colour():
    return png(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))


def pickled():
    stream = io.BytesIO()
    np.save(stream, np.array([[{}]], dtype=object), allow_pickle=True)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "image/png"),
        (png(np.zeros((9, 9), np.uint8))[:-30], "image/png"),
        (colour(), "image/png"),
        (b"\x93NUMPY\x01", "application/x-npy"),
        (npy_bytes(np.zeros((9, 9)))[:-1], "application/x-npy"),
        (npy_bytes(np.zeros((2, 9, 9))), "application/x-npy"),
        (pickled(), "application/x-npy"),
        (b"1" * 200, "application/dicom"),
        (b"1" * 200, "text/plain"),
    ],
)
def test_damaged_or_foreign_bytes_are_refused(data, kind):
    with pytest.raises(FrameError, match="expected|must"):
        decode_frame(data, kind)


def npy_of_header(text):
    header = text.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header + b"\0" * 32


@pytest.mark.parametrize(
    "shape",
    [
        "(-4, -4)",
        "(4, -4)",
        "(True, 16)",
        "(10**9, 4)",
        "(999999999999999999999, 4)",
        "((4, 4), 1)",
        "[4, 4]",
        "(0, 4)",
    ],
)
def test_a_shape_that_is_none_is_refused(shape):
    with pytest.raises(FrameError, match="expected"):
        decode_frame(
            npy_of_header(f"{{'descr': '<u2', 'fortran_order': False, 'shape': {shape}}}"), "application/x-npy"
        )


@pytest.mark.parametrize("text", ["{'descr': (((", "{" * 110, '"' * 3, "{'descr': '<u2', 'shape': (4L, 4", "\0", "\\"])
def test_a_header_that_is_no_literal_is_refused(text):
    with pytest.raises(FrameError, match="expected an npy file"):
        decode_frame(npy_of_header(text), "application/x-npy")


def test_a_header_that_promises_too_much_is_refused_before_reading():
    header = b"{'descr': '<u2', 'fortran_order': False, 'shape': (100000, 100000), }"
    header += b" " * (117 - len(header)) + b"\n"
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with pytest.raises(FrameError, match="at most"):
        decode_frame(data, "application/x-npy")


def test_media_types_are_guessed():
    assert guess_media_type(npy_bytes(np.zeros((2, 2)))) == "application/x-npy"
    assert guess_media_type(colour()) == "image/png"
    assert guess_media_type(b"x" * 128 + b"DICM") == "application/dicom"
    assert guess_media_type(b"?") == ""


def test_a_picture_of_line_integrals_is_bright_where_open():
    pixels = decode_frame(png_bytes(np.array([[0.0, 1.0], [2.0, 9.0]])), "image/png")
    assert pixels[0, 0] == 65535
    assert pixels[0, 1] == round(65535 / np.e)


def test_tiff_files_are_read(tmp_path, rng):
    pixels = rng.integers(0, 255, (8, 9)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "f.tif")
    np.testing.assert_array_equal(read_frame_file(tmp_path / "f.tif"), pixels)
    with pytest.raises(FrameError, match="expected a frame"):
        read_frame_file(tmp_path / "gone.tif")


def test_a_missing_or_colour_file_is_refused(tmp_path):
    with pytest.raises(FrameError, match="expected a frame in .*gone.png"):
        read_frame_file(tmp_path / "gone.png")
    Image.fromarray(np.zeros((4, 5, 3), np.uint8)).save(tmp_path / "colour.tif")
    with pytest.raises(FrameError, match="greyscale TIFF"):
        read_frame_file(tmp_path / "colour.tif")


def test_one_frame_of_a_stack_by_number(tmp_path, rng):
    stack = rng.integers(0, 100, (3, 4, 5)).astype(np.uint16)
    np.save(tmp_path / "run.npy", stack)
    np.testing.assert_array_equal(read_frame_file(tmp_path / "run.npy", 2), stack[2])
    with pytest.raises(FrameError, match="0 to 2, got 3"):
        read_frame_file(tmp_path / "run.npy", 3)
    np.save(tmp_path / "one.npy", stack[0])
    with pytest.raises(FrameError, match=r"\(frames, rows, columns\)"):
        read_frame_file(tmp_path / "one.npy", 0)
    (tmp_path / "a.png").write_bytes(png(stack[0].astype(np.uint8)))
    with pytest.raises(FrameError, match="several frames for frame 1"):
        read_frame_file(tmp_path / "a.png", 1)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
def test_a_grey_picture_stored_in_colour_is_read(rng, mode):
    pixels = rng.integers(0, 256, (8, 9)).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(stream, format="PNG")
    np.testing.assert_array_equal(decode_frame(stream.getvalue(), "image/png"), pixels)


def test_a_picture_in_colour_and_one_of_a_bit_are_refused():
    with pytest.raises(FrameError, match="greyscale PNG of 8 or 16 bits, got one in colour"):
        decode_frame(colour(), "image/png")
    with pytest.raises(FrameError, match="got mode 1"):
        decode_frame(png(np.zeros((4, 4), bool)), "image/png")


def test_a_jpeg_is_read_from_a_file(tmp_path):
    grey = np.full((16, 24), 100, np.uint8)
    for mode in ("L", "RGB"):
        Image.fromarray(grey).convert(mode).save(tmp_path / "a.jpg")
        assert np.abs(read_frame_file(tmp_path / "a.jpg").astype(int) - 100).max() <= 2
