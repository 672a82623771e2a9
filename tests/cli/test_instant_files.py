"""How pixels are read is one of three words."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fluoropose.cli.instant_files import InstantFiles
from fluoropose.errors import InputError
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.imaging.xray import PixelMeaning

CAMERA = camera_from_detector(4, 5, row_spacing_mm=1.0, column_spacing_mm=1.0, source_to_detector_mm=100.0)


def files(meaning):
    return InstantFiles(Path("case"), (), (), None, Path("model"), meaning, True, None, 1)


def test_a_meaning_is_a_word_of_the_api():
    reading = files("display").reading()
    assert (reading.meaning, reading.inverted) == (PixelMeaning.DISPLAY, True)
    with pytest.raises(InputError, match="expected --pixel-meaning intensity, line_integral, display, got 'colour'"):
        files("colour").reading()


def test_a_frame_is_read_by_number_and_a_jpeg_with_a_note(tmp_path, capsys):
    np.save(tmp_path / "run.npy", np.stack([np.full((4, 5), n, np.uint8) for n in range(3)]))
    one = replace(files("intensity"), frames=(tmp_path / "run.npy", tmp_path / "a.jpg"))
    assert replace(one, frame_number=2).read_frame(0, CAMERA)[0, 0] == 2
    Image.fromarray(np.full((16, 16), 9, np.uint8)).save(tmp_path / "a.jpg")
    assert one.read_frame(1, CAMERA).shape == (16, 16)
    assert "a.jpg is a JPEG" in capsys.readouterr().err


def test_a_frame_is_straightened(tmp_path):
    pixels = np.tile(np.arange(5, dtype=np.uint8) * 10, (4, 1))
    np.save(tmp_path / "f.npy", pixels)
    np.save(tmp_path / "bent.npy", np.stack(np.meshgrid(np.arange(5) + 1.0, np.arange(4)), axis=-1))
    one = replace(files("intensity"), frames=(tmp_path / "f.npy",), distortions=(tmp_path / "bent.npy",))
    np.testing.assert_array_equal(one.read_frame(0, CAMERA)[0], [10, 20, 30, 40, 40])
    with pytest.raises(InputError, match="--distortion for each of 1 frames, got 2"):
        replace(one, distortions=one.distortions * 2).read_frame(0, CAMERA)
