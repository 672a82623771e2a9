"""Simulated frames come with their true poses, and do not depend on how many cores make them."""

import numpy as np

from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.simulated_frames import simulate_truths


def test_frames_are_the_same_on_any_number_of_cores(small_case):
    scene, one = simulate_truths(small_case, 2, 1.0, 3)
    _, two = simulate_truths(small_case, 2, 1.0, 3, Environment(cores=2))
    for first, second in zip(one, two, strict=True):
        assert first.pixels.shape == (scene.camera.rows, scene.camera.columns)
        np.testing.assert_array_equal(first.pixels, second.pixels)
        np.testing.assert_array_equal(first.camera_from_volume, second.camera_from_volume)
    assert not np.array_equal(one[0].camera_from_volume, one[1].camera_from_volume)
