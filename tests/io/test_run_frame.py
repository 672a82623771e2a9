"""One frame of a run of any kind, and that the others are not decoded."""

import numpy as np
import pytest
from PIL import Image

from fluoropose.errors import FrameError
from fluoropose.io.run_frame import read_run_frame
from fluoropose.io.video import write_video
from support.dicom import compressed, xray_bytes

FRAMES = (np.arange(4 * 6 * 8, dtype=np.uint16) * 5).reshape(4, 6, 8)


def written(folder, kind):
    if kind == "folder":
        for n, frame in enumerate(FRAMES):
            Image.fromarray(frame).save(folder / f"{n}.png")
        return folder
    path = folder / f"run.{kind}"
    if kind == "npy":
        np.save(path, FRAMES)
    elif kind == "tif":
        first, *rest = [Image.fromarray(page) for page in FRAMES]
        first.save(path, save_all=True, append_images=rest)
    else:
        path.write_bytes(xray_bytes(FRAMES, CineRate=15))
    return path


@pytest.mark.parametrize("kind", ["folder", "npy", "tif", "dcm"])
def test_the_middle_one_or_the_one_asked_for(tmp_path, kind):
    path = written(tmp_path, kind)
    middle, last = read_run_frame(path), read_run_frame(path, 3)
    assert (middle.number, middle.count, last.number) == (2, 4, 3)
    assert middle.fps == (15.0 if kind == "dcm" else None)
    np.testing.assert_array_equal(middle.pixels, FRAMES[2])
    np.testing.assert_array_equal(last.pixels, FRAMES[3])
    with pytest.raises(FrameError, match="frame number of 0 to 3, got 4"):
        read_run_frame(path, 4)


def test_others_in_a_folder_are_not_decoded(tmp_path):
    path = written(tmp_path, "folder")
    for n in (0, 1, 3):
        data = (path / f"{n}.png").read_bytes()
        (path / f"{n}.png").write_bytes(data[:45])
    np.testing.assert_array_equal(read_run_frame(path).pixels, FRAMES[2])
    with pytest.raises(FrameError, match=r"1\.png"):
        read_run_frame(path, 1)


def test_others_in_a_compressed_image_are_not_decoded(tmp_path):
    path = tmp_path / "run.dcm"
    packed = compressed(xray_bytes(np.repeat(FRAMES, 4, axis=1)), "JPEGLSLossless")
    start = packed.index(b"\xff\xd8\xff")
    path.write_bytes(packed[:start] + b"\0\0\0" + packed[start + 3 :])
    np.testing.assert_array_equal(read_run_frame(path, 2).pixels, np.repeat(FRAMES, 4, axis=1)[2])
    with pytest.raises(FrameError, match="decode"):
        read_run_frame(path, 0)


@pytest.mark.parametrize("kind", ["png", "npy", "dcm", ""])
def test_sizes_in_a_folder_differ(tmp_path, kind):
    for n, frame in enumerate((FRAMES[0], FRAMES[0][:3])):
        path = tmp_path / f"{n}{kind and '.' + kind}"
        if kind == "png":
            Image.fromarray(frame).save(path)
        elif kind == "npy":
            np.save(path, frame)
        else:
            path.write_bytes(xray_bytes(frame[None]))
    with pytest.raises(FrameError, match=r"one size in .*\(3, 8\), \(6, 8\)"):
        read_run_frame(tmp_path)


def test_a_file_of_one_frame(tmp_path):
    np.save(tmp_path / "one.npy", FRAMES[0])
    Image.fromarray(FRAMES[1]).save(tmp_path / "one.png")
    for name, frame in (("one.npy", FRAMES[0]), ("one.png", FRAMES[1])):
        found = read_run_frame(tmp_path / name, 0)
        assert (found.number, found.count) == (0, 1)
        np.testing.assert_array_equal(found.pixels, frame)
        with pytest.raises(FrameError, match="frame"):
            read_run_frame(tmp_path / name, 1)


def test_a_video(tmp_path):
    pictures = (np.full((64, 80, 3), 40 * n, np.uint8) for n in range(5))
    write_video(tmp_path / "a.mp4", pictures, 15.0)
    found = read_run_frame(tmp_path / "a.mp4", 3)
    assert (found.number, found.count, found.fps) == (3, 5, 15.0)
    assert abs(float(found.pixels.mean()) - 120.0) < 8
    with pytest.raises(FrameError, match="0 to 4, got 5"):
        read_run_frame(tmp_path / "a.mp4", 5)


def test_no_frame_is_refused(tmp_path):
    with pytest.raises(FrameError, match="got none"):
        read_run_frame(tmp_path)
    np.save(tmp_path / "e.npy", np.zeros((0, 4, 4)))
    with pytest.raises(FrameError, match=r"got shape \(0, 4, 4\)"):
        read_run_frame(tmp_path / "e.npy")
    with pytest.raises(FrameError, match="nowhere"):
        read_run_frame(tmp_path / "nowhere.png")
