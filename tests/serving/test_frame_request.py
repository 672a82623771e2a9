"""What a client says of frames: rules of a session and a frame's header, checked when they are made."""

import numpy as np
import pytest

from fluoropose.errors import GeometryError, InputError
from fluoropose.serving.camera_request import CArmRequest
from fluoropose.serving.frame_request import FrameHeader, FrameRules, SmoothingRequest

SKEWED = np.diag([2.0, 1.0, 1.0, 1.0])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SmoothingRequest(0.0), "window_s above 0"),
        (lambda: SmoothingRequest(float("nan")), "got nan"),
        (lambda: SmoothingRequest(61.0), "at most 60"),
        (lambda: FrameRules(max_frame_age_ms=0.0), "max_frame_age_ms above 0, got 0"),
        (lambda: FrameRules(max_frame_age_ms=float("inf")), "got inf"),
    ],
)
def test_rules_that_cannot_be_meant(make, words):
    with pytest.raises(InputError, match=words):
        make()


def test_a_header_describes_a_frame():
    header = FrameHeader("uint8", 4, 6, 3, 12.5, "b", c_arm=CArmRequest(0.0, 0.0, 700.0))
    frame = header.frame(b"pixels", "image/png")
    assert (frame.body, frame.media_type, frame.dtype, frame.rows, frame.columns) == (
        b"pixels",
        "image/png",
        "uint8",
        4,
        6,
    )
    assert (frame.seq, frame.captured_s, frame.camera) == (3, 12.5, "b")
    assert frame.camera_from_world[2, 3] == 700.0
    assert FrameHeader().frame(b"").camera_from_world is None


@pytest.mark.parametrize(
    ("fields", "kind", "words"),
    [
        ({"rows": 1}, InputError, "rows and columns of 2 to"),
        ({"columns": 10**6}, InputError, "1000000"),
        ({"seq": -1}, InputError, "seq of 0 to"),
        ({"seq": 10**4000}, InputError, "got a number of 13288 bits"),
        ({"captured_s": 1.8e12}, InputError, "captured_at as Unix seconds"),  # ms since 1970, as of 2027
        ({"captured_s": 1e308}, InputError, "captured_at as Unix seconds"),
        ({"captured_s": float("nan")}, InputError, "captured_at as Unix seconds"),
        ({"camera_from_world": np.eye(4), "c_arm": CArmRequest(0.0, 0.0, 700.0)}, InputError, "got both"),
        ({"camera_from_world": SKEWED}, GeometryError, "camera_from_world must be rigid"),
    ],
)
def test_headers_that_cannot_be_meant(fields, kind, words):
    with pytest.raises(kind, match=words):
        FrameHeader(**fields)
