"""A file's ending chooses its format."""

import json

import pytest

from fluoropose.errors import InputError
from fluoropose.io.pose_export.autoscoper_track import poses_from_tra
from fluoropose.io.pose_export.dicom_registration import pose_from_registration
from fluoropose.io.pose_export.itk_transforms import pose_from_slicer, pose_from_tfm
from fluoropose.io.pose_export.jointtrack_poses import poses_from_jts
from fluoropose.io.pose_export.pose_record import PoseRun
from fluoropose.io.pose_export.write_poses import (
    POSE_ENDINGS,
    require_pose_ending,
    write_poses,
    write_transforms,
)
from support.pose_runs import require_same_pose, some_run

READERS = {
    ".json": lambda path: json.loads(path.read_text())["frames"][0]["camera_from_volume"],
    ".csv": lambda path: path.read_text(),
    ".slicer.tfm": lambda path: pose_from_slicer(path.read_text()),
    ".tfm": lambda path: pose_from_tfm(path.read_text()),
    ".jts": lambda path: poses_from_jts(path.read_text())[0],
    ".tra": lambda path: poses_from_tra(path.read_text())[0],
    ".dcm": lambda path: pose_from_registration(path.read_bytes())[0],
}


@pytest.mark.parametrize("ending", POSE_ENDINGS)
def test_each_ending_holds_the_pose(tmp_path, ending):
    run = PoseRun("knee", some_run().records[:1])
    path = tmp_path / f"pose{ending}"
    write_poses(path, run)
    found = READERS[ending](path)
    if ending == ".csv":
        assert len(found.splitlines()) == 2
        return
    import numpy as np

    require_same_pose(np.array(found), run.records[0].target_from_volume, mm=1e-5, deg=1e-5)


@pytest.mark.parametrize("ending", [".tfm", ".slicer.tfm", ".dcm"])
def test_a_format_of_one_pose_takes_no_run(tmp_path, ending):
    with pytest.raises(InputError, match="expected one frame"):
        write_poses(tmp_path / f"run{ending}", some_run())
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_ending_is_an_error(tmp_path):
    assert require_pose_ending(tmp_path / "A.TFM") == ".tfm"
    assert require_pose_ending(tmp_path / "a.png", (".png",)) == ".png"
    with pytest.raises(InputError, match="ending in .json, .csv, .slicer.tfm, .tfm, .jts, .tra, .dcm, got pose.xyz"):
        write_poses(tmp_path / "pose.xyz", some_run())


def test_a_transform_per_frame_that_was_found(tmp_path):
    assert write_transforms(tmp_path / "tfm", some_run()) == 2
    assert sorted(path.name for path in (tmp_path / "tfm").iterdir()) == ["frame_000000.tfm", "frame_000002.tfm"]
