"""Plots of a comparison and of pairs are written from figures."""

import pytest

from fluoropose.evaluation.plots.methods import plotter, views_plotter

pytest.importorskip("matplotlib")
SPREAD = {"p10": 0.1, "p25": 0.2, "p50": 0.3, "p75": 0.5, "p90": 1.0}


def test_only_plots_with_something_to_show_are_written(tmp_path):
    facts = {
        "success_by_start_error": [{"from_mm": 0.0, "to_mm": 2.0, "success": 0.9}],
        "mtre_proj_mm": SPREAD, "size_mm": 50.0, "success_rate": 0.9,
    }  # fmt: skip
    run = {"frames": 2, "seed": 0}
    plotter()(tmp_path, "small", {"run": run, "ours": facts})
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"success-by-start-error.png", "error-percentiles.png"}
    plotter()(tmp_path, "small", {"run": run, "ours-sweeps-1": facts})
    assert (tmp_path / "success-by-sweeps.png").read_bytes().startswith(b"\x89PNG")


def test_pairs_are_drawn(tmp_path):
    row = {"angle_deg": 60.0, "calibration": 0.0, "fault": "none"}
    row |= {"together": {"mtre_mm": SPREAD}, "alone": {"mtre_mm": SPREAD}}
    views_plotter()(tmp_path, "small", {"run": {"starts": 1, "frames": 2, "seed": 0}, "settings": [row] * 6})
    assert (tmp_path / "views.png").read_bytes().startswith(b"\x89PNG")
