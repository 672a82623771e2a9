"""How pixels are read is one of three words."""

from pathlib import Path

import pytest

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
