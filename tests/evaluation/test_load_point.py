"""One load: frames at fixed times, what was answered, what the server says that it did."""

import asyncio

import numpy as np
import pytest

from fluoropose.evaluation.load_point import Load, LoadFrames, LoadRow, percentiles


def test_every_frame_is_accounted_for(server, camera, frame, pose):
    sent = LoadFrames("small", camera, [frame, frame], [pose, pose])
    row = asyncio.run(LoadRow(Load("ws", 1, 10.0), server, 2.0, sent).run())
    assert row["sent"] == row["received"] == 20
    assert row["unaccounted"] == 0
    assert row["frame_age_ms"]["p50"] > 0.0
    assert sum(row["statuses"].values()) == row["answered"]


def test_percentiles_of_nothing_are_no_numbers():
    assert percentiles([1.0, 3.0]) == pytest.approx({"p50": 2.0, "p95": 2.9, "p99": 2.98, "max": 3.0})
    assert all(np.isnan(value) for value in percentiles([]).values())
