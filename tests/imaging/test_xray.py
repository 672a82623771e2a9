"""Line integrals of frames: the kernel's twin, parts and bands to the last bit, frames that are refused."""

import numpy as np
import pytest

from fluoropose.errors import FrameError
from fluoropose.geometry.camera import Camera
from fluoropose.imaging.xray import (
    FRAME_DTYPES,
    Exposure,
    PixelMeaning,
    binning_factor,
    check_frame,
    line_integral_bands,
    line_integral_image,
    line_integral_part,
    line_integral_twin,
)


def frame(rng, dtype, shape=(41, 50)):
    return (rng.random(shape) * 120 + 3).astype(dtype)


@pytest.mark.parametrize("dtype", FRAME_DTYPES)
@pytest.mark.parametrize("meaning", list(PixelMeaning))
@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_the_kernel_does_what_its_twin_says(rng, dtype, meaning, inverted, factor):
    pixels = frame(rng, dtype)
    fast = line_integral_image(pixels, meaning, factor, inverted)
    slow = line_integral_twin(pixels, meaning, factor, inverted)
    assert fast.shape == slow.shape == (41 // factor, 50 // factor)
    np.testing.assert_allclose(fast, slow, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("dtype", FRAME_DTYPES)
@pytest.mark.parametrize("meaning", list(PixelMeaning))
@pytest.mark.parametrize("inverted", [False, True])
def test_a_part_is_that_of_the_whole_picture_to_the_last_bit(rng, dtype, meaning, inverted):
    # What pixels mean depends on the largest one, which is not in the part.
    pixels = frame(rng, dtype)
    pixels[0, 0] = 127
    camera = Camera(41, 50, np.diag([100.0, 100.0, 1.0]))
    whole = line_integral_image(pixels, meaning, 2, inverted)
    part = line_integral_part(Exposure(pixels, camera, meaning, inverted), 2, slice(3, 9), slice(5, 25))
    np.testing.assert_array_equal(part, whole[3:9, 5:25])


@pytest.mark.parametrize("count", [1, 2, 3, 50])
@pytest.mark.parametrize("meaning", list(PixelMeaning))
def test_bands_in_any_order_make_the_whole_picture_to_the_last_bit(rng, count, meaning):
    pixels = frame(rng, "uint16")
    image, pieces = line_integral_bands(pixels, meaning, 2, True, count)
    assert len(pieces) == min(count, 20)
    for piece in reversed(pieces):
        piece()
    np.testing.assert_array_equal(image, line_integral_image(pixels, meaning, 2, True))


def test_intensity_becomes_the_line_integral_up_to_an_offset():
    lines = np.linspace(0.1, 3.0, 64).reshape(8, 8)
    pixels = np.round(60000.0 * np.exp(-lines)).astype(np.uint16)
    found = line_integral_image(pixels, PixelMeaning.INTENSITY, 1)
    offset = found - lines
    assert np.ptp(offset) < 0.03


def test_binning_leaves_the_frame_as_fine_as_the_canonical_view():
    camera = Camera(512, 512, np.diag([2400.0, 2400.0, 1.0]))
    assert binning_factor(camera, 1100.0) == 2
    assert binning_factor(camera, 5000.0) == 1


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.zeros((96, 128), np.float64), "dtype must be one of uint8, uint16, int16, float32, got float64"),
        (np.zeros((96, 128), bool), "got bool"),
        (np.zeros((128, 96), np.uint16), "expected 96 x 128, got 128 x 96"),
        (np.zeros((96, 128, 3), np.uint8), "got 96 x 128 x 3"),
        (np.full((96, 128), 7, np.uint16), "one value 7 everywhere"),
        (np.full((96, 128), np.nan, np.float32), "finite"),
    ],
    ids=["float64", "bool", "turned", "colour", "constant", "nan"],
)
def test_what_is_not_a_frame_is_refused(camera, pixels, words):
    with pytest.raises(FrameError, match=words):
        check_frame(pixels, camera)


def test_one_infinite_pixel_is_refused(camera):
    pixels = np.ones((96, 128), np.float32)
    pixels[3, 4] = np.inf
    with pytest.raises(FrameError, match="finite"):
        check_frame(pixels, camera)


def test_a_frame_of_this_camera_is_returned_as_it_is(camera, rng):
    pixels = frame(rng, "uint16", (camera.rows, camera.columns))
    assert check_frame(pixels, camera) is pixels
