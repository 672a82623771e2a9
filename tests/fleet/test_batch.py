"""Trials as commands in processes of their own, without a cluster."""

import pytest

from fluoropose.errors import InputError
from fluoropose.fleet.batch import BatchTrial, TrialFaultError, read_trials, run_trial


def test_a_file_holds_a_command_a_line(tmp_path):
    path = tmp_path / "trials.txt"
    path.write_text('# two trials\n\nfluoropose track knee --frames "a b"\nevaluate methods knee\n')
    assert read_trials(path) == [
        BatchTrial(3, ("track", "knee", "--frames", "a b")), BatchTrial(4, ("evaluate", "methods", "knee")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("", "got none"),
        ("serve --host 0.0.0.0", "expected track or evaluate in line 1"),
        ('track "knee', "expected a command in line 1"),
    ],
)
def test_other_files_are_refused(tmp_path, text, complaint):
    (tmp_path / "trials.txt").write_text(text)
    with pytest.raises(InputError, match=complaint):
        read_trials(tmp_path / "trials.txt")


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(InputError, match="expected a file of trials"):
        read_trials(tmp_path / "none.txt")


def test_a_trial_with_bad_input_is_an_outcome_and_not_tried_again(tmp_path):
    outcome = run_trial(BatchTrial(1, ("track", "nobody", "--frames", "x", "--camera", "y")), tmp_path)
    assert outcome.outcome == "bad input"
    assert "expected" in outcome.complaint


@pytest.mark.parametrize("code", [0, 3, 1, -9])
def test_what_a_trial_prints_and_how_it_ends(tmp_path, monkeypatch, code):
    program = "import os, sys; print('tracking'); print('{'); print('\"frames\": 3'); print('}'); sys.stdout.flush(); "
    program += f"os.kill(os.getpid(), {-code})" if code < 0 else f"sys.exit({code})"
    (tmp_path / "fluoropose.py").write_text(program)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    trial = BatchTrial(1, ("track", "knee"))
    if code in (0, 3):
        outcome = run_trial(trial, tmp_path)
        assert (outcome.outcome, outcome.figures) == ({0: "done", 3: "not found"}[code], {"frames": 3})
    else:
        with pytest.raises(TrialFaultError, match=f"code {code}"):
            run_trial(trial, tmp_path)
