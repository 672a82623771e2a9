"""Records of results, and runs of one frame."""

import numpy as np
import pytest

from fluoropose.errors import InputError
from fluoropose.io.pose_export.pose_record import PoseRun, record_from_result
from support.pose_runs import some_run


def test_a_result_becomes_a_record():
    result = {
        "status": "LOW_CONFIDENCE",
        "confidence": 0.4,
        "reason": "doubtful-match",
        "error_estimate": {"depth_mm": 1},
    }
    result |= {"camera_from_volume": np.eye(4).tolist(), "world_from_volume": (2 * np.eye(4)).tolist()}
    found = record_from_result(result, 5, "world")
    assert (found.frame, found.status, found.confidence, found.reason) == (5, "LOW_CONFIDENCE", 0.4, "doubtful-match")
    np.testing.assert_array_equal(found.target_from_volume, 2 * np.eye(4))
    assert record_from_result(result | {"status": "LOST"}, 5).target_from_volume is None
    assert record_from_result({"status": "LOST", "camera_from_volume": None}, 5).target_from_volume is None


def test_a_run_has_frames_and_one_pose_where_one_is_needed():
    with pytest.raises(InputError, match="at least one frame"):
        PoseRun("knee", [])
    run = some_run()
    with pytest.raises(InputError, match="one frame for .tfm, got 3"):
        run.only_pose(".tfm")
    with pytest.raises(InputError, match="not found"):
        PoseRun("knee", [run.records[1]]).only_pose(".tfm")
