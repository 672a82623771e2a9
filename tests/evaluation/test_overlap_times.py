"""Times of several objects beside one, in the same frame and in its own."""

import pytest

from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.overlap_times import measure_overlap_times


def test_objects_together_are_set_beside_one_in_the_same_frame_and_in_its_own(small_shipped, resident):
    measured = measure_overlap_times([resident] * 4, 3, 0, 64, Environment())
    assert [(row["objects"], row["start"]) for row in measured] == [
        (2, "rough"),
        (2, "near"),
        (4, "rough"),
        (4, "near"),
    ]
    for row in measured:
        for one in ("one_in_frame", "one_in_own_frame"):
            assert 0.0 < row[f"{one}_ms"]["p50"] <= row[f"{one}_ms"]["p99"]
            assert row[f"over_{one}"] == pytest.approx(row["together_ms"]["p50"] / row[f"{one}_ms"]["p50"])
            assert row[f"cpu_over_{one}"] > 0.0
