"""A registrar's times: of the clock and of the processor."""

import numpy as np

from fluoropose.evaluation.methods.method import add_cpu_time, time_registrar
from fluoropose.evaluation.trials import TrialResult


def test_times_are_added_and_the_pose_is_kept(camera):
    pose = np.eye(4)
    answer = time_registrar(lambda pixels, camera, start: start)(np.zeros((2, 2)), camera, pose)
    assert answer.camera_from_volume is pose
    assert answer.status == "DONE"
    assert set(answer.timing_ms) == {"total", "cpu"}


def test_cpu_time_stands_beside_other_times(camera):
    register = add_cpu_time(lambda pixels, camera, start: TrialResult(start, "DONE", 1.0, {"total": 7.0}))
    times = register(np.zeros((2, 2)), camera, np.eye(4)).timing_ms
    assert times["total"] == 7.0
    assert times["cpu"] >= 0.0
