"""Trials in this process and in two are the same but for their times."""

import numpy as np
import pytest

from fluoropose.evaluation.simulated_frames import simulate_truths
from fluoropose.evaluation.trial_workers import TrialTask, run_trials
from fluoropose.evaluation.trials import StartPlan, TrialKey


@pytest.fixture
def task(small_case, cases_root, models_root):
    scene, truths = simulate_truths(small_case, 2, 1.0, 0)
    return TrialTask(cases_root / "small", models_root / "small", "cpu", 1, truths, scene.camera, StartPlan(0))


def test_processes_change_nothing_but_times(task):
    keys = [TrialKey("ours", 1.0, number) for number in range(3)]
    here = list(run_trials(task, keys, 1, 1))
    assert [record.key for record in here] == keys
    there = sorted(run_trials(task, keys, 2, 1), key=lambda record: record.key.index)
    for one, other in zip(here, there, strict=True):
        assert one.reason == other.reason == ""
        np.testing.assert_array_equal(one.found_six, other.found_six)
