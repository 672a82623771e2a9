"""Figures of pairs from hand-made trials."""

import pytest

from fluoropose.evaluation.metrics.pose_error import PoseError
from fluoropose.evaluation.metrics.two_views import PairRecord, PairSetting, pair_facts, pair_row

SETTING = PairSetting(60.0, 0.2)


def record(together, alone, used=(True, True), why="", ms=(18.0, 10.0), frame=3, beyond_deg=None):
    start, both, one = (PoseError(mm, mm, mm, depth, 1.0) for mm, depth in ((9.0, 10.0), together, alone))
    return PairRecord(SETTING, 0, frame, start, both, one, "TRACKING", 0.9, used, why, *ms, beyond_deg)


def test_figures_by_hand():
    records = [
        record((0.4, 0.1), (2.0, 2.0)),
        record((2.0, 0.3), (1.0, 1.0), (True, False), "second: gone", (27.0, 10.0)),
    ]
    facts = pair_facts(records)
    assert facts["trials"] == 2
    assert facts["together"]["success_rate"] == 0.5
    assert facts["alone"]["success_rate"] == 0.5
    assert facts["together"]["mtre_mm"]["p50"] == pytest.approx(1.2)
    assert facts["depth_ratio"] == pytest.approx(1.5 / 0.2)
    assert facts["within_alone"] == 0.5
    assert facts["both_used"] == 0.5
    assert facts["flagged"] == 0.5
    assert facts["time_ms"]["ratio"] == pytest.approx(2.25)


def test_instants_beyond_the_atlas_are_counted_and_success_is_told_without_them():
    good, bad = (0.4, 0.1), (2.0, 2.0)
    trials = [(good, good, 0, 0.0), (good, bad, 1, 0.0), (bad, bad, 2, 5.4), (good, good, 2, 5.4), (good, bad, 3, 1.0)]
    facts = pair_facts([record(*errors, frame=frame, beyond_deg=deg) for *errors, frame, deg in trials])
    assert facts["together"]["success_rate"] == 0.8
    assert facts["beyond"] == {
        "instants": 4, "outside": 2, "most_deg": 5.4, "trials_inside": 2,
        "success_rate_inside_together": 1.0, "success_rate_inside_alone": 0.5,
    }  # fmt: skip


def test_success_inside_the_atlas_is_unknown_where_no_instant_lies_inside():
    facts = pair_facts([record((0.4, 0.1), (2.0, 2.0), beyond_deg=3.0)])
    assert facts["beyond"]["trials_inside"] == 0
    assert facts["beyond"]["success_rate_inside_together"] is None
    assert pair_facts([record((0.4, 0.1), (2.0, 2.0))])["beyond"] is None


def test_a_row_is_flat():
    row = pair_row(record((0.4, 0.1), (2.0, 2.0), (True, False), "second: gone"))
    assert row["used"] == "yn"
    assert row["together_mtre_mm"] == "0.4"
    assert row["alone_depth_mm"] == "2"
    assert not any(isinstance(value, dict | list | tuple) for value in row.values())
