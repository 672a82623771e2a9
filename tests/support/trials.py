"""Trials of a method on three tiny frames, which it is off from by as much as told."""

import numpy as np

from fluoropose.evaluation.trials import StartPlan, TrialResult, TrialSetup, Truth, run_trial
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.pose6 import Pose6Frame, pose_from_six

__all__ = ["CAMERA", "CORNERS", "FRAME", "TRUTHS", "off_by", "ran"]

CORNERS = np.array([[x, y, z] for x in (-10.0, 10.0) for y in (-20.0, 20.0) for z in (-5.0, 5.0)])
FRAME = Pose6Frame(np.zeros(3), np.eye(3))
CAMERA = camera_from_detector(8, 8, row_spacing_mm=1.0, column_spacing_mm=1.0, source_to_detector_mm=1000.0)
TRUTHS = [Truth(np.full((8, 8), n), pose_from_six(np.array([n, 0, 900.0, 0, 0, 0]), FRAME)) for n in range(3)]


def ran(key, register, starts=StartPlan(4)):
    return run_trial(key, TrialSetup(TRUTHS, CAMERA, FRAME, CORNERS, starts), register)


def off_by(x_mm):
    def register(pixels, camera, start):
        truth = TRUTHS[int(pixels[0, 0])].camera_from_volume
        moved = truth.copy()
        moved[0, 3] += x_mm
        return TrialResult(moved, "DONE", 1.0, {"total": 5.0})

    return register
