"""The small camera follows the object."""

import numpy as np
import pytest

from fluoropose.evaluation.published.picture import PICTURE_PX, picture_camera
from fluoropose.geometry.camera import project
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rigid import transform


def test_the_objects_centre_is_in_the_middle(small_case):
    six = np.array([7.0, -4.0, 880.0, 10.0, 2.0, 3.0])
    centre = transform(pose_from_six(six, small_case.pose_frame), small_case.pose_frame.centre_mm[None])
    pixel = project(picture_camera(small_case, six), centre)[0]
    assert pixel == pytest.approx(((PICTURE_PX - 1) / 2, (PICTURE_PX - 1) / 2))
