"""Two projections of the small object and a frame that shows nothing."""

import numpy as np
import pytest

from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.registration.projected_object import project_object
from support.projections import BESIDE, HERE


@pytest.fixture
def projections(small_case):
    return [project_object(pose_from_six(six, small_case.pose_frame), small_case.atlas) for six in (HERE, BESIDE)]


@pytest.fixture
def empty(camera):
    return np.zeros((camera.rows, camera.columns), np.float32)
