"""Start errors as the paper draws them."""

import numpy as np

from fluoropose.evaluation.start_errors import PAPER_SIGMAS, perturb
from fluoropose.geometry.pose6 import Pose6Frame, pose_from_six, six_from_pose

FRAME = Pose6Frame(np.zeros(3), np.eye(3))


def test_errors_are_normal_in_the_six_parameters():
    truth = pose_from_six(np.array([1.0, 2.0, 900.0, 3.0, 4.0, 5.0]), FRAME)
    rng = np.random.default_rng(0)
    errors = np.array([six_from_pose(perturb(truth, FRAME, rng), FRAME) for _ in range(2000)])
    np.testing.assert_allclose(errors.std(axis=0), PAPER_SIGMAS, rtol=0.08)
    np.testing.assert_allclose(errors.mean(axis=0), [1.0, 2.0, 900.0, 3.0, 4.0, 5.0], atol=0.8)
