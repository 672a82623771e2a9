"""What `register` writes, by endings, and what it leaves out when nothing was found."""

from pathlib import Path

import numpy as np
import pytest

from fluoropose.cli.register_outputs import RegisterOutputs
from fluoropose.errors import InputError
from fluoropose.io.pose_export.itk_transforms import pose_from_tfm
from fluoropose.io.pose_export.json_poses import run_from_json

FOUND = {"case": "knee", "status": "TRACKING", "camera_from_volume": np.eye(4).tolist()}


def test_endings_are_sorted_and_unknown_ones_refused_before_any_work():
    outputs = RegisterOutputs.of([Path("a.tfm"), Path("b.png"), Path("c.json")])
    assert outputs == RegisterOutputs(Path("b.png"), (Path("a.tfm"), Path("c.json")))
    with pytest.raises(InputError, match="ending in .json, .*, .png, got a.jpg"):
        RegisterOutputs.of([Path("a.jpg")])
    with pytest.raises(InputError, match="one overlay, got 2"):
        RegisterOutputs.of([Path("a.png"), Path("b.png")])


def test_poses_are_written_in_each_format(tmp_path):
    RegisterOutputs(None, (tmp_path / "a.tfm", tmp_path / "c.json")).write_poses(FOUND, "camera")
    np.testing.assert_array_equal(pose_from_tfm((tmp_path / "a.tfm").read_text()), np.eye(4))
    assert run_from_json((tmp_path / "c.json").read_text()).case == "knee"


def test_a_format_that_cannot_say_lost_is_not_written(tmp_path, capsys):
    lost = FOUND | {"status": "LOST", "camera_from_volume": None, "reason": "not-in-frame"}
    RegisterOutputs(None, (tmp_path / "a.tfm", tmp_path / "c.json")).write_poses(lost, "camera")
    assert not (tmp_path / "a.tfm").exists()
    assert "a.tfm is not written: the object was not found" in capsys.readouterr().err
    assert run_from_json((tmp_path / "c.json").read_text()).records[0].reason == "not-in-frame"
