"""How pixels are read is one of three words."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fluoropose.cli.instant_files import InstantFiles
from fluoropose.errors import InputError
from fluoropose.imaging.xray import PixelMeaning


def files(meaning):
    return InstantFiles(Path("case"), (), (), None, Path("model"), meaning, True, None, 1)


def test_a_meaning_is_a_word_of_the_api():
    reading = files("display").reading()
    assert (reading.meaning, reading.inverted) == (PixelMeaning.DISPLAY, True)
    with pytest.raises(InputError, match="expected --pixel-meaning intensity, line_integral, display, got 'colour'"):
        files("colour").reading()


def test_a_frame_is_read_by_number_and_a_jpeg_with_a_note(tmp_path, capsys):
    np.save(tmp_path / "run.npy", np.stack([np.full((4, 5), n, np.uint8) for n in range(3)]))
    assert replace(files("intensity"), frame_number=2).read_frame(tmp_path / "run.npy")[0, 0] == 2
    Image.fromarray(np.full((16, 16), 9, np.uint8)).save(tmp_path / "a.jpg")
    assert files("intensity").read_frame(tmp_path / "a.jpg").shape == (16, 16)
    assert "a.jpg is a JPEG" in capsys.readouterr().err
