"""`evaluate real knee`: a mistake is named; the smallest study on the real recording, from reference to pictures."""

import json

import pytest

from support.commands import refused, run


def test_a_folder_without_the_recording_is_named(tmp_path):
    words = ("--data", tmp_path, "--out", tmp_path / "k", "--frames", 1, "--starts", 1)
    refused(run("evaluate", "real", "knee", *words), "expected frames of both cameras in")


@pytest.mark.data
@pytest.mark.timeout(1200)
def test_a_small_study_runs(data, tmp_path):
    out, figures_file = tmp_path / "k", tmp_path / "k.json"
    words = ("--data", data, "--out", out, "--frames", 1, "--starts", 1, "--repeats", 1, "--json", figures_file)
    result = run("evaluate", "real", "knee", *words)
    assert result.exit_code == 0, result.output
    figures = json.loads(figures_file.read_text())
    assert figures["reference"]["femoral"]["repeats_mm"]["most"] < 0.2
    assert figures["answers"]["two views, femoral"]["mtre_mm"]["p50"] < 2.0
    assert figures["run"]["run, cam1, femoral"]["answers"] == 2
    assert (out / "run.webp").exists()
    assert (out / "run_femoral_cam1.png").exists()
    assert len(json.loads((out / "answers.json").read_text())) == 9
