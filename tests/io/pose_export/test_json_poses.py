"""JSON of a run comes back."""

import json

import pytest

from fluoropose.errors import FluoroposeError
from fluoropose.io.pose_export.json_poses import json_text, run_from_json
from support.pose_runs import require_same_pose, some_run


@pytest.mark.parametrize("target", ["camera", "world"])
def test_a_run_comes_back(target):
    run = some_run(target)
    again = run_from_json(json_text(run))
    assert (again.case, again.target, len(again.records)) == ("knee", target, 3)
    for found, expected in zip(again.records, run.records, strict=True):
        require_same_pose(found.target_from_volume, expected.target_from_volume)
        assert (found.frame, found.status, found.reason, found.time_s) == (
            expected.frame, expected.status, expected.reason, expected.time_s,
        )  # fmt: skip
        assert found.error_estimate == expected.error_estimate
    assert json.loads(json_text(run))["frames"][1][f"{target}_from_volume"] is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"case": 1, "target": "camera", "frames": [{"frame": 0}]}'])
def test_other_texts_are_refused(text):
    with pytest.raises(FluoroposeError, match="expected"):
        run_from_json(text)
