"""`evaluate real wrist`: one line for every mistake; the steps on the real recording, in their quickest form."""

import json

import pytest

from support.commands import refused, run


def test_mistakes_are_named(tmp_path):
    refused(run("evaluate", "real", "wrist", "search", "--out", tmp_path / "w"), "expected --data with the step search")
    refused(run("evaluate", "real", "wrist", "measure", "--out", tmp_path / "w", "--methods", "magic"), "got 'magic'")
    refused(run("evaluate", "real", "wrist", "prepare", "--out", tmp_path / "w"), "expected a volume, got no file")
    assert run("evaluate", "real", "wrist", "sleep", "--out", tmp_path / "w").exit_code == 2


@pytest.mark.data
@pytest.mark.timeout(1200)
def test_the_steps_run_after_each_other(data, tmp_path):
    out = tmp_path / "w"
    steps = {
        "search": ["--data", data / "wrist", "--quick"],
        "prepare": ["--profile", "tiny"],
        "measure": ["--starts", 1, "--quick"],
        "pairs": ["--starts", 1],
    }
    for step, words in steps.items():
        result = run("evaluate", "real", "wrist", step, "--out", out, *words)
        assert result.exit_code == 0, result.output
    figures = json.loads((out / "figures.json").read_text())
    assert set(figures) == {"cam01_0002", "cam01_0099", "cam02_0002", "cam02_0099"}
    assert figures["cam01_0002"]["ours"]["trials"] == 1
    assert (out / "found.webp").exists()
    assert run("evaluate", "real", "wrist-agreement", "--data", data / "wrist", "--out", out).exit_code == 0
    assert json.loads((out / "agreement.json").read_text())["0002"]["ours"]["trials"] == 1
