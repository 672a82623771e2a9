"""`evaluate two-views`: trials, figures and plots; mistakes."""

import json

import pytest
from PIL import Image

from support.commands import refused, run


def test_evaluate_views_writes_trials_figures_and_plots(cases_root, models_root, tmp_path):
    words = [
        "evaluate",
        "two-views",
        cases_root / "small",
        "--model",
        models_root / "small",
        "--out",
        tmp_path / "v",
        "--plots",
    ]
    words += ["--starts", 2, "--frames", 2, "--angles", "20", "--calibration", "0,0.5", "--json", tmp_path / "v.json"]
    result = run(*words, "--faults", "empty-second,missing-second")
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "v.json").read_text())
    assert [(row["calibration"], row["fault"]) for row in figures["settings"]] == [
        (0.0, "none"), (0.5, "none"), (0.0, "empty-second"), (0.0, "missing-second"),
    ]  # fmt: skip
    missing = figures["settings"][3]
    assert missing["together"]["mtre_mm"] == missing["alone"]["mtre_mm"]
    assert figures["run"]["reach_deg"] == [12.0, 12.0]
    assert missing["beyond"]["instants"] == 2
    assert len((tmp_path / "v" / "small" / "views.csv").read_text().splitlines()) == 9
    with Image.open(tmp_path / "v" / "small" / "views.png") as picture:
        assert picture.size[0] > 400


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--angles", "0"], "angles between 0 and 180 degrees"),
        (["--angles", "a"], "numbers with commas for --angles"),
        (["--calibration", "-1"], "errors of calibration from 0 to 10"),
        (["--faults", "upside-down"], "faults of none, empty-first"),
    ],
)
def test_evaluate_views_refuses(cases_root, models_root, tmp_path, words, message):
    case = ["evaluate", "two-views", cases_root / "small", "--model", models_root / "small", "--out", tmp_path / "v"]
    refused(run(*case, *words), message)
