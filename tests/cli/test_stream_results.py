"""What came back of a stream is counted; errors where the truth is known."""

import numpy as np
import pytest

from fluoropose.cli.stream_results import StreamResults
from fluoropose.cli.stream_source import FrameSource


def result(seq, pose):
    return {
        "type": "result", "seq": seq, "status": "TRACKING", "confidence": 0.9, "age_ms": 12.0,
        "dropped_since_last": 1, "views": ["one"], "camera_from_volume": pose.tolist(),
    }  # fmt: skip


def test_events_are_counted_and_errors_taken(pose, small_case):
    source = FrameSource("small", {}, [np.zeros((2, 2))] * 2, 15.0, None, [pose, pose], small_case.corners_mm)
    results = StreamResults(source, [0, 1])
    results.take(result(0, pose))
    assert not results.last.is_set()
    results.take({"type": "problem", "code": "overload", "seq": 1})
    assert results.last.is_set()
    facts = results.facts(reconnects=3)
    assert (facts["sent"], facts["answered"], facts["dropped"], facts["reconnects"]) == (2, 1, 0, 3)
    assert facts["problems"] == {"overload": 1}
    assert facts["mtre_proj_mm"]["p50"] == pytest.approx(0.0, abs=1e-9)
    assert results.table().row_count == 1
    (record,) = results.run().records
    np.testing.assert_array_equal(record.target_from_volume, pose)


def test_totals_add_up_whatever_became_of_the_frames(pose):
    source = FrameSource("small", {}, [np.zeros((2, 2))] * 5, 15.0)
    results = StreamResults(source, [0, 1, 2, 3, 4])
    assert results.run() is None
    results.take(result(1, pose))
    results.take({"type": "problem", "code": "frame-stale", "seq": 2})
    results.take(result(4, pose) | {"status": "LOST", "camera_from_volume": None})
    facts = results.facts(reconnects=0)
    assert facts["sent"] == facts["answered"] + facts["dropped"] + sum(facts["problems"].values())
    assert results.run().records[1].target_from_volume is None
    assert results.table().row_count == 2
