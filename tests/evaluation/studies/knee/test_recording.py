"""The recordings: poses by frame, and what is there on disk."""

import numpy as np
import pytest

from fluoropose.evaluation.studies.knee.recording import BIPLANE, RUN, Recording, pose_between


def test_the_nearest_frame_gives_the_pose():
    poses = {0: np.zeros((4, 4)), 10: np.ones((4, 4))}
    assert pose_between(poses, 6)[0, 0] == 1
    assert pose_between(poses, 5)[0, 0] == 0


@pytest.mark.data
def test_pairs_and_run_are_whole(data):
    biplane, run = Recording(data, BIPLANE), Recording(data, RUN)
    assert biplane.numbers == list(range(0, 131, 5))
    assert run.numbers == list(range(56, 96))
    assert all(placed.camera.rows == 1024 for placed in biplane.cameras())
    assert [frame.shape for frame in run.frames(60)] == [(1024, 1024)] * 2
    assert set(biplane.starts("femoral")) == set(biplane.numbers)
    assert 60 in run.starts("tibial")
    np.testing.assert_allclose(biplane.mesh("femoral").sides_mm, [75.8, 70.8, 62.5], atol=0.1)
