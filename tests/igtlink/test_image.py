"""IMAGE messages of pyigtl become the frames they were made of; others are refused in words."""

import struct

import numpy as np
import pyigtl
import pytest

from fluoropose.igtlink.header import HEADER_BYTES, MessageError
from fluoropose.igtlink.image import IMAGE_HEADER_BYTES, image_content, image_pixels
from support.igtl import image_bytes


def content(size=(3, 2, 1), kind=5, components=1, order=2, offset=(0, 0, 0), part=None, version=1, pixels=bytes(12)):
    head = struct.pack(">HBBBB3H", version, components, kind, order, 2, *size)
    return head + struct.pack(">12f6H", *([0.0] * 12), *offset, *(size if part is None else part)) + pixels


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32"])
def test_each_type_comes_out_as_pyigtl_sent_it(rng, dtype):
    frame = rng.integers(0, 200, (5, 7)).astype(dtype)
    pixels = image_pixels(image_bytes(frame)[HEADER_BYTES:])
    assert pixels.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(pixels, frame)


def test_big_endian_pixels_are_turned():
    frame = np.array([[1, 256, -2], [3, 4, 5]], np.int16)
    pixels = image_pixels(content(kind=4, order=1, pixels=frame.astype(">i2").tobytes()))
    assert pixels.dtype == np.dtype("int16") and pixels.dtype.isnative
    np.testing.assert_array_equal(pixels, frame)


def test_the_header_is_of_72_bytes():
    assert IMAGE_HEADER_BYTES == 72


def test_a_slice_of_pyigtl_with_two_axes_is_a_frame_too(rng):
    frame = rng.integers(0, 200, (5, 7)).astype(np.uint8)
    data = pyigtl.ImageMessage(frame, device_name="a").pack()[HEADER_BYTES:]
    np.testing.assert_array_equal(image_pixels(data), frame)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"123", "image header of 72 bytes, got 3"),
        (content(version=3), "version 1 or 2, got 3"),
        (content(components=3), "one component per pixel"),
        (content(kind=11), "uint8, int16, uint16, float32, got float64"),
        (content(kind=77), "got type 77"),
        (content(order=0), "byte order 1"),
        (content(offset=(1, 0, 0)), "whole image"),
        (content(part=(3, 1, 1)), "whole image"),
        (content(size=(3, 2, 2)), "one slice"),
        (content(size=(3, 0, 1), pixels=b""), "one slice"),
        (content(pixels=bytes(11)), "expected 12 bytes of 2 x 3 uint16 pixels, got 11"),
        (content(pixels=bytes(13)), "got 13"),
    ],
)
def test_what_is_no_frame_is_refused(data, words):
    with pytest.raises(MessageError, match=words) as error:
        image_pixels(data)
    assert error.value.status == 0


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
def test_a_frame_becomes_an_image_and_back(rng, dtype):
    pixels = rng.integers(0, 200, (5, 7)).astype(dtype)
    back = image_pixels(image_content(pixels))
    assert back.dtype == pixels.dtype
    np.testing.assert_array_equal(back, pixels)
