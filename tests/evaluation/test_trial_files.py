import json
from dataclasses import astuple

import numpy as np
import pytest

from fluoropose.errors import ConflictError, InputError, StorageError
from fluoropose.evaluation.metrics.pose_error import PoseError
from fluoropose.evaluation.metrics.summary import Trial
from fluoropose.evaluation.trial_files import RunFolder, read_offsets
from fluoropose.evaluation.trials import Record, TrialKey, Truth
from fluoropose.geometry.camera import camera_from_detector

IDENTITY = {"case": "x", "seed": 3}


def record(n, spread=1.0, reason=""):
    start, end = PoseError(5.0 + n, 6.0, 3.0, 4.0, 2.0), PoseError(0.1, 0.2 / 3, 0.3, 0.4, 0.5)
    trial = Trial(start, end, "DONE", 0.25, {"total": 12.5, "cpu": 3.0})
    return Record(TrialKey("mine", spread, n), n % 2, trial, np.arange(6.0) / 7, reason)


def test_trials_come_back_to_a_tenth_of_a_micrometre(tmp_path):
    folder = RunFolder(tmp_path / "r", IDENTITY)
    assert folder.begin("mine", {"a": (1, 2)}, "abc") == []
    for made in (record(1), record(0, reason="Error: a, b\nc"), record(0, 2.0)):
        folder.append(made)
    found = RunFolder(tmp_path / "r", IDENTITY).begin("mine", {"a": (1, 2)}, "def")
    assert [(item.key.spread, item.key.index) for item in found] == [(1.0, 0), (1.0, 1), (2.0, 0)]
    assert found[0].reason == "Error: a, b c"
    assert found[1].trial.timing_ms == {"total": 12.5, "cpu": 3.0}
    np.testing.assert_allclose(astuple(found[1].trial.end), astuple(record(1).trial.end), rtol=1e-5)
    np.testing.assert_allclose(found[1].found_six, record(1).found_six, atol=1e-4)
    assert json.loads((tmp_path / "r" / "mine.json").read_text())["begun_at_commit"] == "abc"


def test_a_line_cut_short_is_dropped(tmp_path):
    folder = RunFolder(tmp_path / "r", IDENTITY)
    folder.begin("mine", {}, None)
    folder.append(record(0))
    folder.append(record(1))
    table = tmp_path / "r" / "mine.csv"
    table.write_text(table.read_text()[:-20])
    assert [item.key.index for item in folder.records("mine")] == [0]
    folder.append(record(1))
    assert [item.key.index for item in folder.records("mine")] == [0, 1]


def test_another_run_is_refused(tmp_path):
    RunFolder(tmp_path / "r", IDENTITY).begin("mine", {"a": 1}, None)
    (tmp_path / "r" / "mine.csv").write_text("spread\n")
    with pytest.raises(ConflictError, match="expected seed = 3, got 4"):
        RunFolder(tmp_path / "r", IDENTITY | {"seed": 4})
    with pytest.raises(ConflictError, match="expected a = 1, got 2"):
        RunFolder(tmp_path / "r", IDENTITY).begin("mine", {"a": 2}, None)
    (tmp_path / "r" / "mine.json").unlink()
    with pytest.raises(InputError, match="expected a method's settings"):
        RunFolder(tmp_path / "r", IDENTITY).begin("mine", {"a": 1}, None)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    with pytest.raises(ConflictError, match="got other files"):
        RunFolder(tmp_path / "full", IDENTITY)


def test_a_method_can_be_measured_again(tmp_path):
    folder = RunFolder(tmp_path / "r", IDENTITY)
    folder.begin("mine", {"a": 1}, None)
    folder.append(record(0))
    folder.forget("mine")
    assert folder.begin("mine", {"a": 2}, None) == []


def test_a_damaged_table_is_named(tmp_path):
    folder = RunFolder(tmp_path / "r", IDENTITY)
    (tmp_path / "r" / "mine.csv").write_text("spread,index\n1.0,zero\n")
    with pytest.raises(StorageError, match="mine.csv"):
        folder.records("mine")


def test_frames_are_made_once(tmp_path):
    camera = camera_from_detector(4, 5, row_spacing_mm=1.0, column_spacing_mm=1.0, source_to_detector_mm=900.0)
    truths = [Truth(np.full((4, 5), n, np.uint16), np.eye(4) * (n + 1)) for n in range(2)]
    made = RunFolder(tmp_path / "r", IDENTITY).frames(lambda: (camera, truths))
    again = RunFolder(tmp_path / "r", IDENTITY).frames(lambda: pytest.fail("made twice"))
    for found in (made, again):
        np.testing.assert_array_equal(found[0].intrinsic_matrix, camera.intrinsic_matrix)
        assert found[1][1].pixels.dtype == np.uint16
        np.testing.assert_array_equal(found[1][1].camera_from_volume, truths[1].camera_from_volume)
    (tmp_path / "r" / "frames.npz").write_bytes(b"PK")
    with pytest.raises(StorageError, match="remove the file"):
        RunFolder(tmp_path / "r", IDENTITY).frames(lambda: (camera, truths))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "at least one start in .* got none"),
        ('{"a": 1}', "at least one start in .* got dict"),
        ("[[1, 2, 3, 4, 5]]", "six finite numbers as start 0"),
        ("[[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, NaN]]", "six finite numbers as start 1"),
        ("[", "as JSON"),
    ],
)
def test_starts_that_are_none_are_refused(tmp_path, text, message):
    path = tmp_path / "starts.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_offsets(path)
    path.write_text("[[1, 2, 3, 4, 5, 6]]")
    np.testing.assert_array_equal(read_offsets(path), [[1, 2, 3, 4, 5, 6]])
