"""Linear regression learns where its training looked, and the same twice."""

import numpy as np

from fluoropose.evaluation.baselines.claret import LinearSettings, train_claret
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.geometry.pose6 import pose_from_six, six_from_pose


def test_linear_regression_learns_where_training_looked(target, truth, exposure, small_case):
    settings = LinearSettings(zones=1, views=60, offsets=6, scales=(0.5,), repeats=2, background=0.2)
    trained = train_claret(target, settings)
    six = six_from_pose(truth, small_case.pose_frame)
    start = pose_from_six(six + [0.8, -0.6, 0.0, 1.5, 0.0, 0.0], small_case.pose_frame)
    found = trained.register(target, exposure, start)
    before, after = (pose_error(pose, truth, small_case.corners_mm) for pose in (start, found))
    assert after.in_plane_mm < 0.5 * before.in_plane_mm
    np.testing.assert_array_equal(trained.maps[0, 0].slopes, train_claret(target, settings).maps[0, 0].slopes)
