"""Videos: written and read back, within what lossy coding keeps."""

import sys

import numpy as np
import pytest

from fluoropose.errors import FluoroposeError, FrameError, InputError
from fluoropose.io.runs import read_run
from fluoropose.io.video import read_video, write_video


def pictures(count):
    v, u = np.indices((64, 80))
    for n in range(count):
        grey = np.clip(40 + 2 * u + 10 * n, 0, 255).astype(np.uint8)
        yield np.repeat(grey[..., None], 3, axis=2)


def test_a_video_comes_back_in_order_and_rate(tmp_path):
    path = tmp_path / "run.mp4"
    assert write_video(path, pictures(5), 15.0) == 5
    frames, rate = read_video(path)
    assert (len(frames), rate) == (5, 15.0)
    for found, expected in zip(frames, pictures(5), strict=True):
        assert found.dtype == np.uint8
        assert np.abs(found.astype(int) - expected[..., 0]).mean() < 8
    run = read_run(path)
    assert (len(run.frames), run.fps) == (5, 15.0)


def test_what_is_no_video(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"noise" * 100)
    with pytest.raises(FrameError, match="expected a video in .*a.mp4"):
        read_video(tmp_path / "a.mp4")
    with pytest.raises(FluoroposeError, match="expected"):
        read_video(tmp_path / "nowhere.avi")
    with pytest.raises(InputError, match="ending in .mp4"):
        write_video(tmp_path / "a.gif", pictures(1), 5.0)


def test_without_the_extra_its_name_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(InputError, match="the extra `video`"):
        read_video(tmp_path / "a.mp4")
