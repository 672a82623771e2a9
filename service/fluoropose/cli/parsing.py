"""From the text of options to values; every mistake is an InputError that names the option."""

import numpy as np

from fluoropose.arrays import Float64
from fluoropose.errors import InputError
from fluoropose.imaging.xray import PixelMeaning

__all__ = ["parse_box", "parse_meaning", "parse_numbers", "parse_spreads", "parse_whole_numbers"]


def parse_numbers(text: str, option: str) -> tuple[float, ...]:
    """Return numbers with commas between them."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"expected numbers with commas for {option}, got {text!r}") from error


def parse_whole_numbers(text: str, option: str) -> tuple[int, ...]:
    """Return whole numbers with commas between them."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"expected whole numbers with commas for {option}, got {text!r}") from error


def parse_box(text: str | None) -> Float64 | None:
    """Return the two corners of a box as (2, 3), mm; None for none."""
    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 6:
        raise InputError(f"expected --box x0,y0,z0,x1,y1,z1 in mm, got {text!r}")
    return np.array(numbers).reshape(2, 3)


def parse_meaning(text: str) -> PixelMeaning:
    """Return what pixels mean."""
    words = [one.value for one in PixelMeaning]
    if text not in words:
        raise InputError(f"expected --pixel-meaning {', '.join(words)}, got {text!r}")
    return PixelMeaning(text)


def parse_spreads(text: str, from_file: bool) -> tuple[float, ...]:
    """Return multiples of the paper's start errors, 1 first; starts `from_file` have no other."""
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or found[0] != 1.0 or not all(1.0 < value <= 10.0 for value in found[1:]):
        raise InputError(f"expected --spread as 1, or 1 and larger numbers up to 10 such as 1,2,3; got {text!r}")
    if from_file and found != (1.0,):
        raise InputError(f"expected no --spread beside --starts-file, got {text!r}")
    return found
