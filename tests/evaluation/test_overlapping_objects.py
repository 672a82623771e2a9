"""Objects that overlap, run small: figures, a row per object and trial, pictures, plans that are refused."""

import csv

import pytest

from fluoropose.cli.tables.overlapping_objects import overlap_table
from fluoropose.errors import InputError
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.overlapping_objects import OverlapPlan, evaluate_overlapping_objects
from fluoropose.evaluation.plots.several import overlap_plotter


def test_objects_are_simulated_registered_and_drawn(small_shipped, cases_root, tmp_path):
    plan = OverlapPlan((("small", "small"),), 1, 2, 0, 64)
    figures = evaluate_overlapping_objects(cases_root, tmp_path / "no models", plan, tmp_path, Environment())
    assert [row["start"] for row in figures["sets"]] == ["rough", "near"]
    assert figures["sets"][0]["count"] == 2
    with (tmp_path / "objects.csv").open(newline="") as lines:
        written = list(csv.DictReader(lines))
    assert len(written) == 2 * 2 * 2 * 2
    assert {row["method"] for row in written} == {"together", "as it is"}
    assert (tmp_path / "small-small.webp").read_bytes().startswith(b"RIFF")
    assert overlap_table(figures).row_count == 4
    pytest.importorskip("matplotlib")
    overlap_plotter()(tmp_path, figures)
    assert (tmp_path / "success.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("names", "message"), [(("small",), "two to four objects"), (("small", "hat"), "got 'hat'")])
def test_plans_that_cannot_be_run_are_refused(small_shipped, names, message):
    with pytest.raises(InputError, match=message):
        OverlapPlan((names,), 1, 1, 0, 64)
