"""A real process that decodes: as here, refused in words, killed when late, and started again."""

import io
import signal
import zlib

import numpy as np
import pytest
from PIL import Image

from fluoropose.errors import FrameError
from fluoropose.io.decoding_process import DecodingProcess
from fluoropose.io.frames import decode_frame, png_bytes
from support.dicom import xray_bytes
from support.slow_decoder import slow_decoder


@pytest.fixture
def process():
    process = DecodingProcess()
    yield process
    process.end()


def test_pixels_are_those_of_this_process(process, rng):
    for data, media in (
        (png_bytes(rng.uniform(0, 3, (30, 40))), "image/png"),
        (xray_bytes(rng.integers(0, 4000, (1, 20, 30))), "application/dicom"),
    ):
        found, expected = process.decode(data, media), decode_frame(data, media)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def test_an_error_is_told_and_the_next_frame_is_decoded(process):
    with pytest.raises(FrameError, match="expected a DICOM image"):
        process.decode(b"nothing", "application/dicom")
    assert process.decode(png_bytes(np.zeros((2, 3))), "image/png").shape == (2, 3)


def test_a_frame_that_takes_too_long_is_refused_and_the_next_one_is_decoded():
    frame = png_bytes(np.zeros((2, 3)))
    with slow_decoder() as slow:
        with pytest.raises(FrameError, match="longer than 0.1 s"):
            slow.decode(frame, "image/png", 0.1)
        assert slow.decode(frame, "image/png").shape == (2, 3)


def test_a_process_that_was_ended_is_started_again(process):
    process.start()
    process.end()
    assert process.decode(png_bytes(np.zeros((2, 3))), "image/png").shape == (2, 3)


def test_more_memory_than_allowed_ends_in_words(process):
    stream = io.BytesIO()
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(stream, format="PNG")
    body = stream.getvalue()
    bomb = b"\0\0\0\0zTXt" + b"a\0\0" + zlib.compress(b"\0" * 200_000_000, 9)
    with pytest.raises(FrameError, match="expected"):
        process.decode(body[:33] + len(bomb[8:]).to_bytes(4, "big") + bomb[4:] + b"\0\0\0\0" + body[33:], "image/png")
    assert process.decode(body, "image/png").shape == (8, 8)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timers on this system")
def test_an_interruption_leaves_no_half_answer_to_the_next_frame(process, rng):
    def interrupt(*_):
        raise KeyboardInterrupt

    large = png_bytes(rng.uniform(0, 3, (2500, 2500)))
    process.start()
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        with pytest.raises(KeyboardInterrupt):
            process.decode(large, "image/png")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    assert process.decode(png_bytes(np.zeros((2, 3))), "image/png").shape == (2, 3)
