"""What is sent: recorded runs with what must be said beside them, and simulated ones."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fluoropose.cli.stream_source import RunFiles, read_source, simulate_source
from fluoropose.errors import InputError
from fluoropose.evaluation.environment import Environment
from fluoropose.transports.http.schemas import camera_json
from support.dicom import xray_bytes


@pytest.fixture
def run_files(tmp_path, camera, frame):
    np.save(tmp_path / "run.npy", np.stack([frame] * 2))
    (tmp_path / "camera.json").write_text(json.dumps(camera_json(camera)))
    return RunFiles(tmp_path / "run.npy", tmp_path / "camera.json")


def test_a_recorded_run_is_sent_at_15_frames_per_second_if_nothing_else_is_said(run_files):
    source = read_source(run_files, "small", None, None)
    assert (len(source.frames), source.fps) == (2, 15.0)
    assert "camera" in source.opening()
    assert read_source(run_files, "small", None, 30.0).fps == 30.0


def test_mistakes_are_named(run_files):
    with pytest.raises(InputError, match="--case and --camera"):
        read_source(run_files, None, None, None)
    with pytest.raises(InputError, match="a rate above 0"):
        read_source(run_files, "small", None, -1.0)


def test_a_simulated_run_has_its_truths(cases_root):
    source = simulate_source(cases_root / "small", 2, 15.0, Environment())
    assert len(source.truths) == len(source.frames) == 2
    np.testing.assert_array_equal(source.initial_pose, source.truths[0])


def test_a_run_is_straightened(run_files, frame, camera, tmp_path):
    places = np.stack(np.meshgrid(np.arange(camera.columns) + 1.0, np.arange(camera.rows)), axis=-1)
    np.save(tmp_path / "bent.npy", places)
    source = read_source(replace(run_files, distortions=(tmp_path / "bent.npy",)), "small", None, None)
    np.testing.assert_array_equal(source.frames[1][:, :-1], frame[:, 1:])
    with pytest.raises(InputError, match="a distortion for each of 1 cameras"):
        read_source(replace(run_files, distortions=(tmp_path / "bent.npy",) * 2), "small", None, None)


def test_shutters_of_the_frames_become_the_cameras_mask(run_files, frame, tmp_path):
    circle = {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [21, 31], "RadiusOfCircularShutter": 15}
    (tmp_path / "x.dcm").write_bytes(xray_bytes(frame[None], **circle))
    source = read_source(replace(run_files, frames=tmp_path / "x.dcm"), "small", None, None)
    assert source.camera["mask"] == {"circle_px": [30.0, 20.0, 15.0]}
    assert "mask" not in read_source(run_files, "small", None, None).camera
