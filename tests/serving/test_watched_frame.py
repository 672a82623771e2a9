"""What observers see of a frame: blocks of its pixels, and outlines where the result has none."""

import numpy as np
import pytest

from fluoropose.drr.silhouette import object_outline
from fluoropose.serving.watched_frame import WatchedFrame, watched_picture


def test_small_frames_of_integers_stay_as_they_are(rng):
    frame = rng.integers(0, 65536, (7, 9), np.uint16)
    seen = watched_picture(frame, 16)
    assert (seen.pixels == frame).all()
    assert (seen.block, seen.values, seen.frame_rows, seen.frame_columns) == (1, (0.0, 65535.0), 7, 9)
    assert watched_picture(frame.astype(np.uint8), 16).pixels.dtype == np.uint16


@pytest.mark.parametrize(("shape", "side", "block", "small"), [((40, 65), 16, 5, (8, 13)), ((2, 100), 16, 7, (1, 14))])
def test_larger_ones_are_means_of_blocks(rng, shape, side, block, small):
    frame = rng.integers(0, 65536, shape, np.uint16)
    seen = watched_picture(frame, side)
    assert (seen.block, seen.pixels.shape) == (block, small)
    for v in range(small[0]):
        for u in range(small[1]):
            part = frame[v * block : (v + 1) * block, u * block : (u + 1) * block]
            assert seen.pixels[v, u] == int(part.mean(dtype=np.float64))


def test_other_values_are_spread_over_16_bits(rng):
    frame = rng.normal(3.0, 40.0, (30, 30)).astype(np.float32)
    seen = watched_picture(frame, 64)
    low, high = seen.values
    assert (low, high) == (frame.min(), frame.max())
    back = low + (high - low) * seen.pixels / 65535.0
    assert np.abs(back - frame).max() < (high - low) / 65535.0
    flat = watched_picture(np.full((4, 4), 2.5, np.float32), 16)
    assert flat.values == (2.5, 2.5) and not flat.pixels.any()


def answered(stage, **change):
    """One frame's result with the session and the frame that it is of."""
    session = stage.session(**change)
    kept = []
    stage.broker.watches.show = lambda *parts: kept.append(parts)
    stage.run(stage.broker.answer(session, stage.frame(), "http"))
    return kept[0]


def test_outlines_are_made_where_the_result_has_none(stage, camera):
    session, frame, result = answered(stage)
    watched = WatchedFrame(stage.service, session.settings, frame, result)
    assert result.first.outline is None
    case = stage.service.resident("small").case
    renderer = stage.service.resident("small").renderer
    expected = object_outline(renderer, camera, result.first.camera_from_volume, case.corners_mm)
    assert len(watched.outlines()["small"]) == len(expected) > 0
    for one, other in zip(watched.outlines()["small"], expected, strict=True):
        assert (one == other).all()
    assert watched.picture(64) is watched.picture(64)
    assert watched.picture(64).pixels.shape == (48, 64)


def test_a_lost_object_has_no_outline(stage, rng):
    session = stage.session(initial_pose=None)
    kept = []
    stage.broker.watches.show = lambda *parts: kept.append(parts)
    noise = stage.frame(rng.integers(20000, 40000, (96, 128)).astype(np.uint16))
    stage.run(stage.broker.answer(session, noise, "http"))
    _, frame, result = kept[0]
    assert result.registration.assessment.status.value == "LOST"
    assert WatchedFrame(stage.service, session.settings, frame, result).outlines() == {"small": ()}
