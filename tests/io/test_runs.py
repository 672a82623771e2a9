"""Runs of frames from folders and files of several frames."""

import numpy as np
import pytest
from PIL import Image

from fluoropose.errors import FrameError
from fluoropose.io.runs import frame_files, read_run
from support.dicom import xray_bytes

FRAMES = np.arange(3 * 6 * 8, dtype=np.uint16).reshape(3, 6, 8)


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path):
    for name, frame in zip(("b.png", "a.npy", "c.tif"), FRAMES[[1, 0, 2]], strict=True):
        if name.endswith("npy"):
            np.save(tmp_path / name, frame)
        else:
            Image.fromarray(frame).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no frame")
    (tmp_path / "d.png").mkdir()
    assert [file.name for file in frame_files(tmp_path)] == ["a.npy", "b.png", "c.tif"]
    np.testing.assert_array_equal(read_run(tmp_path).frames, FRAMES)


def test_files_of_several_frames(tmp_path):
    np.save(tmp_path / "run.npy", FRAMES)
    pages = [Image.fromarray(frame) for frame in FRAMES]
    pages[0].save(tmp_path / "run.tif", save_all=True, append_images=pages[1:])
    (tmp_path / "run.dcm").write_bytes(xray_bytes(FRAMES, CineRate=15))
    for name, fps in (("run.npy", None), ("run.tif", None), ("run.dcm", 15.0)):
        run = read_run(tmp_path / name)
        np.testing.assert_array_equal(run.frames, FRAMES)
        assert run.fps == fps
    (tmp_path / "slow.dcm").write_bytes(xray_bytes(FRAMES, FrameTime="125"))
    assert read_run(tmp_path / "slow.dcm").fps == 8.0
    np.save(tmp_path / "one.npy", FRAMES[0])
    assert len(read_run(tmp_path / "one.npy").frames) == 1


BAD = {
    "empty folder": (lambda path: path.mkdir(), "got none"),
    "nothing there": (lambda path: None, "no such file"),
    "torn": (lambda path: path.write_bytes(b"\x93NUMPY"), "expected"),
    "four axes": (lambda path: np.save(path.with_suffix(".npy"), np.zeros((2, 2, 2, 2))), "got shape"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_run_is_refused(tmp_path, name):
    make, words = BAD[name]
    path = tmp_path / "run"
    make(path)
    with pytest.raises(FrameError, match=words):
        read_run(path.with_suffix(".npy") if name == "four axes" else path)


def test_frames_of_two_sizes_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", FRAMES[0])
    np.save(tmp_path / "b.npy", FRAMES[0, :4])
    with pytest.raises(FrameError, match="one size and dtype"):
        read_run(tmp_path)


def test_a_torn_stack_is_refused(tmp_path):
    (tmp_path / "run.npy").write_bytes(b"\x93NUMPY\x01\x00")
    with pytest.raises(FrameError, match="expected an npy file"):
        read_run(tmp_path / "run.npy")
