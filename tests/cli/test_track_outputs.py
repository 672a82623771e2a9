"""Files of a trial: named after cases where there are several, in the target that each format needs."""

from pathlib import Path

import numpy as np
import pytest

from fluoropose.cli.track_outputs import TrackOutputs, for_case, runs_of
from fluoropose.errors import InputError
from fluoropose.io.pose_export.jointtrack_poses import poses_from_jts

CAMERA, WORLD = np.eye(4), np.diag([-1.0, -1.0, 1.0, 1.0])


def row(frame, status="TRACKING"):
    one = {
        "status": status,
        "confidence": 0.5,
        "camera_from_volume": CAMERA.tolist(),
        "world_from_volume": WORLD.tolist(),
    }
    return {"frame": frame, "time_s": 0.1 * frame, "objects": [one, one | {"status": "LOST"}]}


def test_runs_are_those_of_each_case_in_both_targets():
    runs = runs_of([row(0), row(1)], ["femur", "tibia"])
    np.testing.assert_array_equal(runs["femur"]["camera"].records[1].target_from_volume, CAMERA)
    np.testing.assert_array_equal(runs["femur"]["world"].records[1].target_from_volume, WORLD)
    assert runs["tibia"]["world"].records[0].target_from_volume is None
    assert runs["femur"]["camera"].records[1].time_s == pytest.approx(0.1)


def test_each_case_has_its_file(tmp_path):
    outputs = TrackOutputs(csv=tmp_path / "p.csv", jts=tmp_path / "p.jts", tfm=tmp_path / "tfm")
    written = outputs.write(runs_of([row(0)], ["femur", "tibia"]), "world")
    assert sorted(path.name for path in written) == [
        "femur",
        "p-femur.csv",
        "p-femur.jts",
        "p-tibia.csv",
        "p-tibia.jts",
        "tibia",
    ]
    np.testing.assert_allclose(poses_from_jts((tmp_path / "p-femur.jts").read_text())[0], CAMERA, atol=1e-9)
    assert [path.name for path in (tmp_path / "tfm" / "femur").iterdir()] == ["frame_000000.tfm"]
    assert for_case(Path("a.slicer.tfm"), "x", 2) == Path("a-x.slicer.tfm")
    assert for_case(Path("a.csv"), "x", 1) == Path("a.csv")


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        ({}, "expected a file to write"),
        ({"plot": Path("a.png")}, "expected a file to write"),
        ({"csv": Path("a.jts")}, "--csv as a file ending in .csv, got a.jts"),
        ({"jts": Path("a.txt")}, "ending in"),
        ({"csv": Path("a.csv"), "plot": Path("a.pdf")}, "--plot as .png"),
    ],
)
def test_what_cannot_be_written_is_refused_first(paths, words):
    with pytest.raises(InputError, match=words):
        TrackOutputs(**paths)
