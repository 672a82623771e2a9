"""A real trial on the command line: two calibrated cameras in MayaCam files, a femoral component of a mesh, untrained.

The frames are those of Jensen et al., J Arthroplasty 2023, doi:10.1016/j.arth.2023.05.029 (JTML, University of Florida).
"""

import json

import numpy as np
import pytest

from fluoropose.geometry.rotation import angle_between
from fluoropose.io.pose_export.jointtrack_poses import poses_from_jts
from support.commands import run

PAIRS = 8


@pytest.mark.data
def test_a_femoral_component_is_followed_from_files_to_files(data, tmp_path):
    """The published poses are starts rather than truth; refined by edges they move by up to 0.6 mm and 0.9 degrees."""
    folder = data / "knee_implant_run"
    published = json.loads((folder / "poses_published.json").read_text())
    poses = [np.array(pose).reshape(4, 4) for pose in published["world_from_femoral"].values()]
    (tmp_path / "start.json").write_text(json.dumps(poses[0].tolist()))
    view = np.vstack([np.array(published["cameras"][0]["camera_from_world"])[:3], [0, 0, 0, 1]]) @ poses[0]
    (tmp_path / "view.json").write_text(json.dumps(view.tolist()))
    for name in ("cam1", "cam2"):
        (tmp_path / name).mkdir()
        for path in sorted((folder / name).iterdir())[:PAIRS]:
            (tmp_path / name / path.name).symlink_to(path)
    mesh = data / "knee_implant_biplane" / "femoral.stl"
    prepared = run(
        "prepare", mesh, "--material", "cobalt-chrome", "--view", tmp_path / "view.json", "--range-mm", 1300,
        "--half-range-deg", 8, "--out", tmp_path / "femoral",
    )  # fmt: skip
    assert prepared.exit_code == 0, prepared.output
    result = run(
        "track", tmp_path / "femoral", "--frames", tmp_path / "cam1", "--camera", folder / "calibration_cam1_mayacam.txt",
        "--second", tmp_path / "cam2", "--second-camera", folder / "calibration_cam2_mayacam.txt", "--initial-pose",
        tmp_path / "start.json", "--json", tmp_path / "p.json", "--csv", tmp_path / "p.csv",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    frames = json.loads((tmp_path / "p.json").read_text())["frames"]
    assert [frame["status"] for frame in frames] == ["TRACKING"] * PAIRS
    for frame, expected in zip(frames, poses, strict=False):
        found = np.array(frame["world_from_volume"])
        assert np.linalg.norm(found[:3, 3] - expected[:3, 3]) < 1.5
        assert np.rad2deg(angle_between(found[:3, :3], expected[:3, :3])) < 2.0


@pytest.mark.data
def test_jointtracks_files_go_in_and_come_out(data, tmp_path):
    """The steps of docs/how-to/knee-implant.md; depth is that of single-plane work on both sides and is not compared."""
    folder = data / "knee_implant_single" / "left"
    calibration = folder / "original_calibration.txt"
    words = ("--rows", 1024, "--columns", 1024, "--out", tmp_path / "camera.json")
    assert run("geometry", "convert", calibration, *words).exit_code == 0
    published = [pose for pose in poses_from_jts((folder / "original_fem.jts").read_text()) if pose is not None]
    (tmp_path / "start.json").write_text(json.dumps({"camera_from_volume": published[0].tolist()}))
    (tmp_path / "frames").mkdir()
    for path in sorted((folder / "frames").iterdir())[:2]:
        (tmp_path / "frames" / path.name).symlink_to(path)
    prepared = run(
        "prepare", folder / "femoral.stl", "--material", "cobalt-chrome", "--view", tmp_path / "start.json",
        "--range-mm", 1080, "--half-range-deg", 8, "--out", tmp_path / "femoral",
    )  # fmt: skip
    assert prepared.exit_code == 0, prepared.output
    result = run(
        "track", tmp_path / "femoral", "--frames", tmp_path / "frames", "--camera", tmp_path / "camera.json",
        "--initial-pose", tmp_path / "start.json", "--jts", tmp_path / "out.jts",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    for found, expected in zip(poses_from_jts((tmp_path / "out.jts").read_text()), published, strict=False):
        assert found is not None
        assert np.linalg.norm(found[:2, 3] - expected[:2, 3]) < 2.0
        assert np.rad2deg(angle_between(found[:3, :3], expected[:3, :3])) < 4.0
