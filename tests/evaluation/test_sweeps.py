"""Sweeps, run small: figures, a row per frame, the plot, plans that are refused."""

import csv
import json

import pytest

from fluoropose.cli.tables.sweeps import sweep_table
from fluoropose.errors import InputError
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.plots.several import sweep_plotter
from fluoropose.evaluation.sweeps import SweepPlan, evaluate_sweeps


def test_a_sweep_is_simulated_followed_and_written(small_shipped, cases_root, models_root, tmp_path):
    plan = SweepPlan((0.0, 10.0, 20.0), 1, 5, 15.0, 0, True, 64)
    figures = evaluate_sweeps(cases_root / "small", models_root / "small", plan, tmp_path, Environment())
    settings = {(row["span_deg"], row["drifts"], row["motion"]) for row in figures["settings"]}
    spans = (0.0, 10.0, 20.0)
    still = {(span, False, "still") for span in spans}
    assert settings == still | {(span, True, motion) for span in spans for motion in ("still", "moving")}
    assert json.loads((tmp_path / "sweeps.json").read_text())["settings"] == figures["settings"]
    with (tmp_path / "sweeps.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    frames = {(row["span_deg"], row["frame"]) for row in rows if row["drifts"] == "False"}
    assert len(frames) == 5 + 3 + 5
    assert sweep_table("small", figures).row_count == len(settings)
    pytest.importorskip("matplotlib")
    sweep_plotter()(tmp_path, "small", figures)
    assert (tmp_path / "depth.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (((80.0,), 1, 5), "sweeps of 0 to 72 degrees"),
        (((10.0,), 1, 2), "3 frames or more, got 2"),
    ],
)
def test_plans_that_cannot_be_run_are_refused(plan, message):
    with pytest.raises(InputError, match=message):
        SweepPlan(*plan, 15.0, 0, False, 64)
