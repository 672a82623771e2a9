"""Poses from JSON files: the matrix itself or under its name; anything else is refused in words."""

import json

import numpy as np
import pytest

from fluoropose.errors import InputError
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import about_y
from fluoropose.io.poses import read_pose, read_world_pose

POSE = rigid(about_y(0.3), np.array([1.0, -2.0, 900.0]))


def written(path, value):
    path.write_text(json.dumps(value))
    return path


@pytest.mark.parametrize(
    ("read", "name"), [(read_pose, "camera_from_volume"), (read_world_pose, "world_from_volume")]
)  # fmt: skip
def test_a_pose_is_the_matrix_itself_or_under_its_name(tmp_path, read, name):
    for value in (POSE.tolist(), {name: POSE.tolist(), "status": "TRACKING"}):
        np.testing.assert_allclose(read(written(tmp_path / "pose.json", value)), POSE, atol=1e-12)


@pytest.mark.parametrize(
    "value", [{}, {"world_from_volume": POSE.tolist()}, [[1.0, 2.0]], (2.0 * POSE).tolist(), "here", None]
)  # fmt: skip
def test_what_holds_no_rigid_pose_is_refused(tmp_path, value):
    with pytest.raises(InputError, match="camera_from_volume"):
        read_pose(written(tmp_path / "pose.json", value))


def test_a_file_that_is_no_json_or_not_there_is_refused(tmp_path):
    (tmp_path / "pose.json").write_text("{")
    for path in (tmp_path / "pose.json", tmp_path / "none.json"):
        with pytest.raises(InputError, match="a pose"):
            read_pose(path)
