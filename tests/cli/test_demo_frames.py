"""The live table takes answers as they come."""

import numpy as np

from fluoropose.cli.demo_frames import live_frames
from fluoropose.evaluation.demo import ShownFrame
from fluoropose.evaluation.metrics.pose_error import PoseError
from fluoropose.evaluation.metrics.summary import Trial
from fluoropose.evaluation.trials import TrialResult


def test_more_answers_than_rows_are_shown():
    answer = TrialResult(np.eye(4), "TRACKING", 0.9, {"total": 5.0})
    trial = Trial(None, PoseError(0.1, 0.2, 0.1, 0.2, 0.1), "TRACKING", 0.9)
    with live_frames(20) as show:
        for number in range(20):
            show(ShownFrame(number, answer, trial))
