"""Fields of a geometry in JSON, read with the name of what is wrong."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from fluoropose.arrays import Float64
from fluoropose.errors import GeometryError
from fluoropose.geometry.conversion.imaging_geometry import Fields

__all__ = [
    "choice_field",
    "finite_numbers",
    "number_field",
    "numbers_field",
    "optional_distance",
    "optional_number",
    "require_known",
    "side_field",
    "text_field",
]


def require_known(fields: Fields, kind: str, known: Sequence[str]) -> None:
    """Raise GeometryError if a field is none of `known`, `kind` and `source_to_detector_mm`."""
    unknown = sorted(set(map(str, fields)) - {"kind", "source_to_detector_mm", *known})
    if unknown:
        raise GeometryError(f"expected of {kind} the fields {', '.join(known)}, got also {', '.join(unknown)[:80]}")


def number_field(fields: Fields, name: str) -> float:
    """Return a finite number, or raise GeometryError."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        raise GeometryError(f"expected {name} as a number, got {_short(value)}")
    return float(value)


def optional_number(fields: Fields, name: str, default: float) -> float:
    """Return a finite number, `default` where there is none, or raise GeometryError."""
    return default if fields.get(name) is None else number_field(fields, name)


def optional_distance(fields: Fields) -> float | None:
    """Return source_to_detector_mm where it is given beside a geometry in pixels, or raise GeometryError."""
    return None if fields.get("source_to_detector_mm") is None else number_field(fields, "source_to_detector_mm")


def side_field(fields: Fields, name: str) -> int:
    """Return a whole number of pixels, or raise GeometryError."""
    value = number_field(fields, name)
    if value != int(value):
        raise GeometryError(f"expected {name} as a whole number, got {value:g}")
    return int(value)


def numbers_field(fields: Fields, name: str, shape: tuple[int, ...]) -> Float64:
    """Return an array of finite numbers of this shape, or raise GeometryError."""
    wanted = " x ".join(map(str, shape))
    try:
        values = np.array(fields.get(name), dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise GeometryError(f"expected {name} as {wanted} numbers, got {_short(fields.get(name))}") from error
    if values.shape != shape or not np.isfinite(values).all():
        raise GeometryError(f"expected {name} as {wanted} finite numbers, got {_short(fields.get(name))}")
    return values


def finite_numbers(words: Iterable[str], what: str) -> list[float]:
    """Return words of a file's text as finite numbers, or raise GeometryError; `what` says what they should be."""
    found = []
    for word in words:
        try:
            number = float(word)
        except ValueError:
            number = float("nan")
        if not np.isfinite(number):
            raise GeometryError(f"expected {what} as finite numbers, got {word[:40]}")
        found.append(number)
    return found


def choice_field(fields: Fields, name: str, choices: Sequence[str]) -> str:
    """Return one of the choices, the first where there is none, or raise GeometryError."""
    value = fields.get(name, choices[0])
    if value not in choices:
        raise GeometryError(f"expected {name} of {', '.join(choices)}, got {_short(value)}")
    return str(value)


def text_field(fields: Fields, name: str) -> str:
    """Return a text of at most 64 KiB, or raise GeometryError."""
    value = fields.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 65536:
        raise GeometryError(f"expected {name} as a file's text, got {_short(value)}")
    return value


def _short(value: Any) -> str:
    return "none" if value is None else repr(value)[:60]
