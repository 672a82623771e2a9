"""The contract's figures from trials."""

from fluoropose.evaluation.metrics.pose_error import PoseError
from fluoropose.evaluation.metrics.summary import Trial, machine_name, summary


def trial(proj_mm, status="TRACKING", **times):
    return Trial(None, PoseError(proj_mm, 2.0, 1.0, 3.0, 0.5), status, 0.9, times)


def test_success_is_below_one_per_cent_of_the_size():
    facts = summary("x", 100.0, [trial(0.9), trial(1.1, "LOST"), trial(0.5, total=4.0)], "m")
    assert facts["success_rate"] == 2 / 3
    assert facts["lost_frames"] == 1
    assert facts["mtre_proj_mm"]["p50"] == 0.9
    assert facts["latency_ms"]["total"] == {"p50": 4.0, "p99": 4.0}
    assert facts["capture_range_mm"] is None


def test_no_trials_are_no_success():
    assert summary("x", 100.0, [], "m")["success_rate"] == 0.0
    assert "cores" in machine_name()
