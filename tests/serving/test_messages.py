"""Frames before and after decoding, and a registration as a result."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.errors import FrameError
from fluoropose.io.frames import npy_bytes
from fluoropose.registration.result import ViewReport
from fluoropose.serving.messages import RAW_MEDIA_TYPE, DecodedFrame, EncodedFrame, single_result
from support.results import made_registration


def test_raw_pixels_have_the_cameras_size_unless_they_tell_another(camera):
    pixels = np.arange(96 * 128, dtype=np.uint16).reshape(96, 128)
    raw = EncodedFrame(pixels.tobytes(), RAW_MEDIA_TYPE, "uint16")
    np.testing.assert_array_equal(raw.pixels(camera), pixels)
    assert replace(raw, rows=48, columns=256).pixels(camera).shape == (48, 256)
    with pytest.raises(FrameError, match="dtype must be one of"):
        replace(raw, dtype=None).pixels(camera)


def test_a_media_type_that_is_not_told_is_guessed(camera):
    pixels = np.zeros((3, 4), np.float32)
    np.testing.assert_array_equal(EncodedFrame(npy_bytes(pixels)).pixels(camera), pixels)
    assert DecodedFrame(pixels).pixels(camera) is pixels


def test_a_registration_alone_is_a_result():
    views = (ViewReport("a", np.eye(4), 1.0, 0.9, True), ViewReport("b", np.eye(4), 0.1, 0.2, False, "not seen"))
    result = single_result(replace(made_registration(), views=views), "small", "model", "cpu")
    assert (result.camera, result.views, result.left_out) == ("a", ("a",), {"b": "not seen"})
    assert (result.first.case, result.age_ms) == ("small", 1.0)
    assert result.registration.likeness == 0.9
