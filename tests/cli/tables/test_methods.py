"""Tables of a comparison: a row per method, dashes where a method has no figure."""

from fluoropose.cli.tables.methods import evaluation_tables

SPREAD = {"p10": 0.1, "p25": 0.2, "p50": 0.5, "p75": 0.7, "p90": 1.0}
FACTS = {
    "trials": 4, "success_rate": 0.75, "size_mm": 50.0, "mtre_proj_mm": SPREAD, "mtre_mm": SPREAD,
    "in_plane_mm": SPREAD, "depth_mm": SPREAD, "rotation_deg": SPREAD, "rmsd_proj_mm": None,
    "success_by_spread": {"1": 0.75}, "capture_range_mm": 3.0, "strict_capture_range_mm": None,
    "largest_start_mm": 3.0, "time_ms": None, "cpu_ms": None,
}  # fmt: skip


def test_errors_and_reach_have_a_row_per_method():
    wide = FACTS | {"success_by_spread": {"1": 1.0, "2": 0.5}, "time_ms": {"p50": 9.0, "mean": 10.0, "sd": 1.0}}
    errors, reach = evaluation_tables("small", {"run": {}, "a": FACTS, "b": wide})
    assert list(errors.columns[0].cells) == list(reach.columns[0].cells) == ["a", "b"]
    assert list(errors.columns[3].cells) == ["1.00", "1.00"]
    assert list(reach.columns[2].cells) == ["-", "50.0"]
    # No larger start was tried than that up to which all is well.
    assert list(reach.columns[3].cells)[0] == ">3.0"
    assert list(reach.columns[5].cells) == ["-", "9"]
