"""Autoscoper's tracks: read back, rows of 16, NaN where nothing was found."""

import numpy as np
import pytest

from fluoropose.errors import FluoroposeError
from fluoropose.geometry.rigid import rigid
from fluoropose.io.pose_export.autoscoper_track import poses_from_tra, tra_text
from support.pose_runs import require_same_pose, some_run


def test_poses_come_back_and_rows_are_rows():
    run = some_run("world")
    text = tra_text(run)
    first = [float(word) for word in text.splitlines()[0].split(",")]
    assert first[3::4] == pytest.approx([1.0, -2.0, 900.0, 1.0])
    assert text.splitlines()[1] == ",".join(["NaN"] * 16)
    for found, record in zip(poses_from_tra(text), run.records, strict=True):
        require_same_pose(found, record.target_from_volume, deg=1e-5)


def test_a_volume_with_a_frame_of_its_own():
    shift = rigid(np.eye(3), np.array([1.0, 2.0, 3.0]))
    run = some_run("world")
    found = poses_from_tra(tra_text(run, shift))[0]
    require_same_pose(found, run.records[0].target_from_volume @ shift, deg=1e-5)


@pytest.mark.parametrize("text", ["1,2,3\n", "a" + ",0" * 15, "2" + ",0" * 15])
def test_other_files_are_refused(text):
    with pytest.raises(FluoroposeError, match="line 1 of a .tra file"):
        poses_from_tra(text)
