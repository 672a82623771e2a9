"""`evaluate general-weights`: a stage is trained on a few random objects, and again from what is there."""

import numpy as np

from fluoropose.io.weights import load_weights
from support.commands import refused, run


def test_a_stage_is_trained_and_trained_on(tmp_path):
    out = tmp_path / "general"
    words = ["evaluate", "general-weights", "--out", out, "--stage", "fine", "--subjects", 1, "--pictures", 4]
    result = run(*words, "--iterations", 4)
    assert result.exit_code == 0, result.output
    first = load_weights(out)["fine"]
    assert run(*words, "--iterations", 4, "--seed", 78, "--go-on").exit_code == 0
    second = load_weights(out)["fine"]
    assert set(first) == set(second)
    assert any(not np.array_equal(first[name], second[name]) for name in first)


def test_mistakes_are_named(tmp_path):
    words = ["evaluate", "general-weights", "--out", tmp_path / "general"]
    refused(run(*words, "--stage", "middle"), "expected a stage of coarse, fine, got 'middle'")
    refused(run(*words, "--stage", "fine", "--go-on"), "expected weights of the stage fine")
