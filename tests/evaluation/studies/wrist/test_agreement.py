"""Two views' answers are as far apart as they are. Needs none of the real data."""

import numpy as np
import pytest

from fluoropose.evaluation.studies.wrist.agreement import pose_disagreement
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import about_y


def test_a_turn_a_lift_and_a_depth_by_hand():
    """Sources ahead and at the right, 1000 mm away; the second answer is turned, then lifted, then only deeper."""
    sources = [np.array([0.0, 0.0, -1000.0]), np.array([1000.0, 0.0, 0.0])]
    point, same = np.zeros((1, 3)), np.eye(4)
    turned = rigid(about_y(np.deg2rad(3.0)), np.zeros(3))
    assert pose_disagreement(sources, (same, turned), point) == pytest.approx((3.0, 0.0))
    lifted = rigid(np.eye(3), np.array([0.0, 2.0, 0.0]))
    assert pose_disagreement(sources, (same, lifted), point) == pytest.approx((0.0, 2.0), abs=1e-3)
    deeper = rigid(np.eye(3), np.array([-7.0, 0.0, 0.0]))
    assert pose_disagreement(sources, (same, deeper), point) == pytest.approx((0.0, 0.0), abs=1e-9)
