"""The table of several objects in one frame: a row per set, start and method."""

from fluoropose.cli.tables.overlapping_objects import overlap_table

SPREAD = {"p50": 1.0, "p90": 2.0}


def test_times_stand_beside_the_objects_together():
    facts = {"trials": 2, "success_rate": 0.5, "sure": 0.5, "sure_and_wrong": 0.0}
    facts |= {name: SPREAD for name in ("mtre_proj_percent", "depth_mm", "rotation_deg")}
    row = {"objects": "a+b", "start": "near", "together": facts, "as it is": facts}
    table = overlap_table({"sets": [row | {"time_ms": {"ratio": 1.9, "cpu_ratio": 2.1}}]})
    assert table.row_count == 2
    assert list(table.columns[10].cells) == ["1.90 x one", ""]
