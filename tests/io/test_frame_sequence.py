"""Frames of a trial in each kind of file, read when they are asked for."""

import numpy as np
import pytest
from PIL import Image

from fluoropose.errors import FrameError
from fluoropose.io.frame_sequence import open_frames
from support.dicom import xray_bytes


@pytest.fixture
def stack(rng):
    return rng.integers(0, 250, (3, 4, 5)).astype(np.uint16)


@pytest.mark.parametrize("kind", ["folder", "npy", "tiff", "dicom", "one"])
def test_frames_come_in_order(tmp_path, stack, kind):
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
        for n in (2, 0, 1):
            Image.fromarray(stack[n].astype(np.uint8)).save(path / f"f{n}.png")
    elif kind == "npy":
        path = tmp_path / "a.npy"
        np.save(path, stack)
    elif kind == "tiff":
        path = tmp_path / "a.tif"
        first, *rest = [Image.fromarray(page) for page in stack]
        first.save(path, save_all=True, append_images=rest)
    elif kind == "dicom":
        path.write_bytes(xray_bytes(stack, RecommendedDisplayFrameRate=30))
    else:
        path = tmp_path / "b.npy"
        np.save(path, stack[0])
    found = open_frames(path)
    assert len(found) == (1 if kind == "one" else 3)
    for n in range(len(found)):
        np.testing.assert_array_equal(found.read(n), stack[n])
    assert found.fps == (30.0 if kind == "dicom" else None)


def test_a_folder_is_not_read_before_it_is_asked_for(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no picture")
    found = open_frames(tmp_path)
    with pytest.raises(FrameError, match="expected"):
        found.read(0)


def test_nothing_is_no_trial(tmp_path):
    with pytest.raises(FrameError, match="got none"):
        open_frames(tmp_path)
    np.save(tmp_path / "e.npy", np.zeros((0, 4, 4)))
    with pytest.raises(FrameError, match="got none"):
        open_frames(tmp_path / "e.npy")
    with pytest.raises(FrameError, match="expected"):
        open_frames(tmp_path / "nowhere")
