"""Tables of PEHL as published; Table II of the paper stands below what was measured."""

from fluoropose.cli.tables.published import published_table, rmse_table

SPREAD = {"p50": 1.0, "p90": 2.0}


def test_a_row_per_model_and_sweep():
    facts = {"size_mm": 50.0, "trials": 3, "success_rate": 0.5}
    facts |= {"mtre_proj_mm": SPREAD, "mtre_mm": SPREAD, "depth_mm": SPREAD}
    table = published_table({"figures": {"a, exact": {"1": facts, "3": facts}}})
    assert table.row_count == 2
    assert list(table.columns[4].cells)[0] == "2.00 / 4.00"


def test_the_papers_rows_are_the_last():
    table = rmse_table({"count": 2, "sweeps": 3, "rmse": {"start": [1.0] * 6}})
    assert list(table.columns[0].cells) == ["start", "the paper, start", "the paper, PEHL"]
