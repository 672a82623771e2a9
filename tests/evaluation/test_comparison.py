"""Which trials a plan has; a run that is there is not run again."""

import numpy as np
import pytest

from fluoropose.evaluation.comparison import EvaluationPlan, evaluate_case
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.trials import TrialKey


def test_slow_methods_have_fewer_trials_and_sweeps_no_wide_ones():
    plan = EvaluationPlan(("ours", "features", "ours-sweeps-3"), 3, 1, 2, 0, (1.0, 2.0))
    assert len(plan.keys_of("ours")) == 6
    assert plan.keys_of("features") == [TrialKey("features", 1.0, 0), TrialKey("features", 2.0, 0)]
    assert [key.spread for key in plan.keys_of("ours-sweeps-3")] == [1.0] * 3


def test_starts_of_a_file_bound_the_trials():
    plan = EvaluationPlan(("ours",), 9, 9, 2, 0, offsets=np.zeros((2, 6)))
    assert len(plan.keys_of("ours")) == 2


def test_a_run_goes_on_and_says_its_settings(cases_root, models_root, tmp_path):
    lines = []
    environment = Environment(say=lines.append)
    folders = (cases_root / "small", models_root / "small")
    first = evaluate_case(*folders, EvaluationPlan(("ours",), 2, 1, 1, 0), tmp_path / "e", environment)
    more = evaluate_case(*folders, EvaluationPlan(("ours",), 3, 1, 1, 0), tmp_path / "e", environment)
    assert (first["ours"]["trials"], more["ours"]["trials"]) == (2, 3)
    assert lines[0].startswith("ours: model small, ")
    assert first["run"]["digest"] == more["run"]["digest"] == pytest.approx(first["run"]["digest"])
