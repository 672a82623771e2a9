"""Starts as wrong as the paper's: independent normal errors in the six parameters (section IV-C). mm and degrees."""

import numpy as np

from fluoropose.arrays import Float64, Mat44
from fluoropose.geometry.pose6 import Pose6Frame, pose_from_six, six_from_pose

__all__ = ["PAPER_SIGMAS", "perturb"]

PAPER_SIGMAS: Float64 = np.array([1.0, 1.0, 10.0, 2.0, 10.0, 10.0])
"""Standard deviations of t_x, t_y, t_z (mm), t_theta, t_alpha, t_beta (degrees)."""


def perturb(truth: Mat44, frame: Pose6Frame, rng: np.random.Generator, sigmas: Float64 = PAPER_SIGMAS) -> Mat44:
    """Return the true pose with normal errors added to its six parameters."""
    return pose_from_six(six_from_pose(truth, frame) + rng.normal(size=6) * sigmas, frame)
