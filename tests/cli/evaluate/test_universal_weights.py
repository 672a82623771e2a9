"""`evaluate universal-weights`: mistakes are named before anything is drawn."""

from support.commands import refused, run


def test_mistakes_are_named(tmp_path):
    words = ["evaluate", "universal-weights", "--out", tmp_path / "universal"]
    refused(run(*words, "--stage", "middle"), "expected a stage of coarse, fine, got 'middle'")
    refused(run(*words, "--stage", "fine", "--start", tmp_path / "none"), "expected weights in none")
