"""Texts of options become values, or an error that names the option."""

import numpy as np
import pytest

from fluoropose.cli.parsing import parse_box, parse_meaning, parse_numbers, parse_spreads, parse_whole_numbers
from fluoropose.errors import InputError


def test_numbers():
    assert parse_numbers("1,2.5", "--angles") == (1.0, 2.5)
    assert parse_whole_numbers("1,2", "--seeds") == (1, 2)
    with pytest.raises(InputError, match="numbers with commas for --angles, got 'a'"):
        parse_numbers("a", "--angles")
    with pytest.raises(InputError, match="whole numbers with commas for --seeds, got '1.5'"):
        parse_whole_numbers("1.5", "--seeds")


def test_a_meaning_of_pixels():
    assert parse_meaning("display").value == "display"
    with pytest.raises(InputError, match="expected --pixel-meaning intensity, line_integral, display, got 'x'"):
        parse_meaning("x")


def test_a_box_is_two_corners():
    np.testing.assert_array_equal(parse_box("0,1,2,3,4,5"), [[0, 1, 2], [3, 4, 5]])
    assert parse_box(None) is None
    for text in ("1,2,3", "a,b,c,d,e,f"):
        with pytest.raises(InputError, match="expected --box"):
            parse_box(text)


def test_spreads_begin_with_one():
    assert parse_spreads("1,2,3", from_file=False) == (1.0, 2.0, 3.0)
    for text in ("2", "1,1", "1,11", "x"):
        with pytest.raises(InputError, match="expected --spread"):
            parse_spreads(text, from_file=False)
    with pytest.raises(InputError, match="beside --starts-file"):
        parse_spreads("1,2", from_file=True)
