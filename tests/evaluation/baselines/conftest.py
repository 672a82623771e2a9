"""The small object in a frame with a soft background, and a start that is a little off."""

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.evaluation.baselines.scene import Target
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.pose6 import pose_from_six, six_from_pose
from fluoropose.imaging.xray import Exposure, PixelMeaning

OFF = np.array([0.8, -0.6, 6.0, 1.5, -5.0, 4.0])


@pytest.fixture(scope="session")
def fine_camera():
    return camera_from_detector(192, 192, row_spacing_mm=0.8, column_spacing_mm=0.8, source_to_detector_mm=1100.0)


@pytest.fixture(scope="session")
def target(small_case):
    return Target(small_case)


@pytest.fixture(scope="session")
def truth(small_case):
    return pose_from_six(np.array([2.0, -3.0, 890.0, 4.0, 3.0, -5.0]), small_case.pose_frame)


@pytest.fixture(scope="session")
def exposure(small_case, truth, fine_camera):
    lines = CpuRenderer(small_case.volume, 0.7).render(fine_camera, truth)
    v, u = np.mgrid[0:192, 0:192] / 192.0
    pixels = np.round(50000.0 * np.exp(-lines - 0.4 * u - 0.2 * v * v) + 500.0).astype(np.uint16)
    return Exposure(pixels, fine_camera, PixelMeaning.INTENSITY)


@pytest.fixture(scope="session")
def start(small_case, truth):
    return pose_from_six(six_from_pose(truth, small_case.pose_frame) + OFF, small_case.pose_frame)
