"""evaluate-sweep and evaluate-objects, run small: files, figures, pictures, refusals."""

import csv
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from fluoropose.cli.main import app
from fluoropose.cli.several_tables import overlap_table, sweep_table
from fluoropose.errors import InputError
from fluoropose.evaluation.overlapping_objects import OverlapPlan, evaluate_overlapping_objects, overlap_times
from fluoropose.evaluation.plots.several import overlap_plotter, sweep_plotter
from fluoropose.evaluation.sweeps import SweepPlan, evaluate_sweeps
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle
from fluoropose.io.cases import load_case
from fluoropose.objects.catalogue import OBJECTS, ShippedObject
from fluoropose.registration.resident_case import ResidentCase
from support.cases import SMALL_CHOICE, small_parts

HERE = {"device": "cpu", "threads": 1, "cores": 1}


@pytest.fixture(autouse=True)
def small_is_shipped(monkeypatch):
    half = np.array([18.0, 10.0, 21.0])
    item = ShippedObject("small", "a test's", small_parts, half, 2.0, SMALL_CHOICE.base_rotation, 0.3, 1200.0, 900.0)
    monkeypatch.setitem(OBJECTS, "small", item)


def rows(path):
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_a_sweep_is_simulated_followed_and_written(cases_root, models_root, tmp_path):
    plan = SweepPlan((0.0, 10.0, 20.0), 1, 5, 15.0, 0, True, 64)
    figures = evaluate_sweeps(cases_root / "small", models_root / "small", plan, tmp_path, **HERE)
    settings = {(row["span_deg"], row["drifts"], row["motion"]) for row in figures["settings"]}
    spans = (0.0, 10.0, 20.0)
    still = {(span, False, "still") for span in spans}
    assert settings == still | {(span, True, motion) for span in spans for motion in ("still", "moving")}
    assert json.loads((tmp_path / "sweeps.json").read_text())["settings"] == figures["settings"]
    frames = {(row["span_deg"], row["frame"]) for row in rows(tmp_path / "sweeps.csv") if row["drifts"] == "False"}
    assert len(frames) == 5 + 3 + 5
    assert sweep_table("small", figures).row_count == len(settings)
    pytest.importorskip("matplotlib")
    sweep_plotter()(tmp_path, "small", figures)
    assert (tmp_path / "depth.png").read_bytes().startswith(b"\x89PNG")


def test_objects_are_simulated_registered_and_drawn(cases_root, models_root, tmp_path):
    plan = OverlapPlan((("small", "small"),), 1, 2, 0, 64)
    figures = evaluate_overlapping_objects(cases_root, models_root, plan, tmp_path, **HERE)
    assert [row["start"] for row in figures["sets"]] == ["rough", "near"]
    assert figures["sets"][0]["count"] == 2
    written = rows(tmp_path / "objects.csv")
    assert len(written) == 2 * 2 * 2 * 2
    assert {row["method"] for row in written} == {"together", "as it is"}
    assert (tmp_path / "small-small.png").read_bytes().startswith(b"\x89PNG")
    assert overlap_table(figures).row_count == 4
    pytest.importorskip("matplotlib")
    overlap_plotter()(tmp_path, figures)
    assert (tmp_path / "success.png").read_bytes().startswith(b"\x89PNG")


def test_the_bench_sets_objects_together_beside_one_in_the_same_frame_and_in_its_own(cases_root, models_root):
    resident = ResidentCase(load_case(cases_root / "small"), load_bundle(models_root / "small"), open_device("cpu", 1))
    measured = overlap_times([resident] * 4, 3, 0, 64, 1)
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


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SweepPlan((80.0,), 1, 5, 15.0, 0, False, 64), "sweeps of 0 to 72 degrees"),
        (lambda: SweepPlan((10.0,), 1, 2, 15.0, 0, False, 64), "3 frames or more, got 2"),
        (lambda: OverlapPlan((("small",),), 1, 1, 0, 64), "two to four objects"),
        (lambda: OverlapPlan((("small", "hat"),), 1, 1, 0, 64), "got 'hat'"),
    ],
)
def test_plans_that_cannot_be_run_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate-sweep", "hat"], "got 'hat'"),
        (["evaluate-sweep", "plate", "--spans", "ten"], "numbers with commas, got 'ten'"),
        (["evaluate-objects", "plate"], "two to four objects such as plate+probe, got plate"),
    ],
)
def test_the_commands_refuse(arguments, message):
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code != 0
    assert message in " ".join(result.output.split())


def test_the_commands_help_has_an_example():
    for command in ("evaluate-sweep", "evaluate-objects"):
        result = CliRunner().invoke(app, [command, "--help"])
        assert result.exit_code == 0
        assert f"fluoropose {command}" in " ".join(result.output.split())
