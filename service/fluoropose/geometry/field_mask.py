"""Which part of a camera's frames shows something: within a circle and a polygon, outside boxes of burnt-in marks.

Places are (column, row) in pixels of the frame, with the first pixel's centre at 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fluoropose.arrays import Bool, make_read_only
from fluoropose.errors import GeometryError

__all__ = ["FieldMask", "field_mask_from"]

_MOST_CORNERS, _MOST_BOXES = 64, 64
_FIELDS = ("circle_px", "polygon_px", "hidden_px")


@dataclass(frozen=True, slots=True)
class FieldMask:
    """The field of a detector, as a client tells it.

    Attributes
    ----------
    circle_px : centre's column and row, radius; None: no circle bounds the field
    polygon_px : corners (column, row) of a polygon, three at least; empty: none bounds the field
    hidden_px : boxes that show marks: first column, first row, last column, last row

    Raises
    ------
    GeometryError
        If nothing is given, a number is not finite, or there are too few or too many corners or boxes.
    """

    circle_px: tuple[float, float, float] | None = None
    polygon_px: tuple[tuple[float, float], ...] = ()
    hidden_px: tuple[tuple[float, float, float, float], ...] = ()

    def __post_init__(self) -> None:
        """Check the shapes."""
        if self.circle_px is None and not self.polygon_px and not self.hidden_px:
            raise GeometryError(f"expected at least one of {', '.join(_FIELDS)} in a mask, got none")
        if self.circle_px is not None:
            _require_numbers("circle_px", [self.circle_px], 3)
            if self.circle_px[2] <= 0.0:
                raise GeometryError(f"mask circle_px must have a positive radius, got {self.circle_px[2]:g}")
        if self.polygon_px and not 3 <= len(self.polygon_px) <= _MOST_CORNERS:
            raise GeometryError(f"mask polygon_px must have 3 to {_MOST_CORNERS} corners, got {len(self.polygon_px)}")
        if len(self.hidden_px) > _MOST_BOXES:
            raise GeometryError(f"mask hidden_px must have at most {_MOST_BOXES} boxes, got {len(self.hidden_px)}")
        _require_numbers("polygon_px", self.polygon_px, 2)
        _require_numbers("hidden_px", self.hidden_px, 4)

    def shown(self, rows: int, columns: int) -> Bool:
        """Return which pixels of a frame show something, (rows, columns), read-only."""
        return _drawn(self, rows, columns)

    def mirrored(self, columns: int) -> "FieldMask":
        """Return the mask of the same frame, `columns` wide, read from right to left."""
        last, circle = columns - 1.0, self.circle_px
        return FieldMask(
            None if circle is None else (last - circle[0], circle[1], circle[2]),
            tuple((last - u, v) for u, v in self.polygon_px),
            tuple((last - right, top, last - left, bottom) for left, top, right, bottom in self.hidden_px),
        )


def field_mask_from(
    circle_px: Sequence[float] | None = None,
    polygon_px: Sequence[Sequence[float]] | None = None,
    hidden_px: Sequence[Sequence[float]] | None = None,
) -> FieldMask:
    """Return a mask from the lists that a client sends.

    Raises
    ------
    GeometryError
        As `FieldMask`.
    """
    try:
        return FieldMask(
            None if circle_px is None else tuple(float(value) for value in circle_px),  # type: ignore[arg-type]
            tuple(tuple(float(value) for value in corner) for corner in polygon_px or ()),  # type: ignore[misc]
            tuple(tuple(float(value) for value in box) for box in hidden_px or ()),  # type: ignore[misc]
        )
    except (TypeError, ValueError) as error:
        raise GeometryError("expected numbers in a mask, got something else") from error


def _require_numbers(name: str, values: Sequence[Sequence[float]], count: int) -> None:
    for one in values:
        if len(one) != count or not np.isfinite(one).all():
            raise GeometryError(f"mask {name} must hold {count} finite numbers each, got {list(one)[:8]}")


@lru_cache(maxsize=16)
def _drawn(mask: FieldMask, rows: int, columns: int) -> Bool:
    v, u = np.mgrid[0:rows, 0:columns]
    shown = np.ones((rows, columns), bool)
    if mask.circle_px is not None:
        column, row, radius = mask.circle_px
        shown &= (u - column) ** 2 + (v - row) ** 2 <= radius**2
    if mask.polygon_px:
        shown &= _inside(mask.polygon_px, u, v)
    for left, top, right, bottom in mask.hidden_px:
        shown &= ~((u >= left) & (u <= right) & (v >= top) & (v <= bottom))
    return make_read_only(shown)


def _inside(corners: Sequence[tuple[float, float]], u: np.ndarray, v: np.ndarray) -> Bool:
    """Return which places lie inside a polygon: a ray to the right crosses its sides an odd number of times."""
    inside = np.zeros(u.shape, bool)
    for (x0, y0), (x1, y1) in zip(corners, (*corners[1:], corners[0]), strict=True):
        if y0 != y1:
            crosses = (y0 > v) != (y1 > v)
            inside ^= crosses & (u < x0 + (v - y0) * (x1 - x0) / (y1 - y0))
    return inside
