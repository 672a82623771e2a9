"""Runs of poses for tests of what writes them."""

import numpy as np
from hypothesis import strategies as st

from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import angle_between, from_rotation_vector
from fluoropose.io.pose_export.pose_record import PoseRecord, PoseRun

__all__ = ["poses", "require_same_pose", "some_run"]


@st.composite
def poses(draw):
    number = st.floats(-1.0, 1.0, allow_subnormal=False)
    turn = from_rotation_vector(3.1 * np.array([draw(number), draw(number), draw(number)]) / np.sqrt(3.0))
    return rigid(turn, 1500.0 * np.array([draw(number), draw(number), draw(number)]))


def some_run(target="camera", frames=3):
    """Return a run whose second frame is lost."""
    records = []
    for n in range(frames):
        pose = rigid(from_rotation_vector(np.array([0.1 * n, -0.3, 0.2])), np.array([1.0, -2.0, 900.0 + n]))
        lost = n == 1
        records.append(
            PoseRecord(
                n, None if lost else pose, "LOST" if lost else "TRACKING", 0.0 if lost else 0.9,
                "not-in-frame" if lost else "", 0.1 * n,
                {} if lost else {"in_plane_mm": 0.2, "depth_mm": 1.5, "rotation_deg": 0.4},
            )
        )  # fmt: skip
    return PoseRun("knee", records, target)


def require_same_pose(found, expected, mm=1e-6, deg=1e-6):
    """Require two poses, or two that are missing, to be the same."""
    if expected is None:
        assert found is None
        return
    assert np.abs(found[:3, 3] - expected[:3, 3]).max() < mm
    assert np.rad2deg(angle_between(found[:3, :3], expected[:3, :3])) < deg
