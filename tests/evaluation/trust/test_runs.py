"""A run of one frame says nothing of visibility where all is visible."""

import numpy as np

from fluoropose.evaluation.trust.runs import TrustRun


def test_a_frame_shows_the_whole_object_unless_told_otherwise(camera):
    run = TrustRun((np.zeros((4, 4)),), camera, (np.eye(4),), None)
    assert run.visible == (1.0,)
    assert run.condition == ""
