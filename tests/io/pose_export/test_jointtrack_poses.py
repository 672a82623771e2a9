"""JointTrack's poses: read back, by hand, and the source's own files where they are."""

import json

import numpy as np
import pytest
from hypothesis import given, settings

from fluoropose.errors import InputError
from fluoropose.io.pose_export.jointtrack_poses import jts_text, poses_from_jts
from fluoropose.io.pose_export.pose_record import PoseRecord, PoseRun
from support.pose_runs import poses, require_same_pose, some_run


@settings(max_examples=50, deadline=None)
@given(poses())
def test_poses_come_back(pose):
    (found,) = poses_from_jts(jts_text(PoseRun("knee", [PoseRecord(0, pose)])))
    require_same_pose(found, pose, mm=1e-5, deg=1e-6)


def test_by_hand_an_object_ahead_and_above():
    (pose,) = poses_from_jts("JT_EULER_312\n x y\n 5, 10, -1000, 0, 0, 0\n")
    np.testing.assert_allclose(pose, [[1, 0, 0, 5], [0, -1, 0, -10], [0, 0, -1, 1000], [0, 0, 0, 1]])


def test_a_lost_frame_keeps_its_line():
    found = poses_from_jts(jts_text(some_run()))
    assert len(found) == 3 and found[1] is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "begins with"),
        ("JT_EULER_123\n", "begins with"),
        ("JT_EULER_312\nx\n1,2,3\n", "6 numbers in line 3"),
        ("JT_EULER_312\nx\n1,2,3,4,5,six\n", "numbers in line 3"),
    ],
)
def test_other_files_are_refused(text, words):
    with pytest.raises(InputError, match=words):
        poses_from_jts(text)
    with pytest.raises(InputError, match="poses in the world"):
        jts_text(some_run("world"))


@pytest.mark.data
def test_the_sources_own_file_gives_the_poses_that_were_checked(data):
    folder = data / "knee_implant_single" / "left"
    found = poses_from_jts((folder / "original_fem.jts").read_text())
    assert len(found) >= 16 and all(pose is not None and 900.0 < pose[2, 3] < 1300.0 for pose in found)
    again = poses_from_jts(jts_text(PoseRun("femoral", [PoseRecord(n, pose) for n, pose in enumerate(found)])))
    for one, expected in zip(again, found, strict=True):
        require_same_pose(one, expected, mm=1e-5, deg=1e-6)
    assert json.loads((folder / "poses.json").read_text())
