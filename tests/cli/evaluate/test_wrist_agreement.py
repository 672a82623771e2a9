"""`evaluate real wrist-agreement`: refused where nothing was measured; the rest is run with `evaluate real wrist`."""

from support.commands import refused, run


def test_a_study_that_was_not_measured_is_refused(tmp_path):
    words = ["evaluate", "real", "wrist-agreement", "--data", tmp_path, "--out", tmp_path / "w"]
    refused(run(*words), "no case.json")
