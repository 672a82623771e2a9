"""Which part of a DICOM X-ray image shows something, as its shutters and its collimator say.

Shutters (PS3.3 C.7.6.11) and collimators (C.8.7.3) are rectangles, circles and polygons, in the image's pixels as (row,
column) from 1, or, of shutters, the bits of an overlay plane; enhanced images have them in functional groups. Places
here are (column, row) from 0.
"""

from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.arrays import Bool
from fluoropose.errors import FrameError
from fluoropose.geometry.covering_boxes import covering_boxes
from fluoropose.io.dicom_bounds import open_dicom_header
from fluoropose.io.first_bytes import is_dicom_file
from fluoropose.io.functional_groups import frame_items
from fluoropose.io.overlay_planes import overlay_plane
from fluoropose.io.reader_faults import translate_faults

__all__ = ["image_field", "read_image_field"]

_SEQUENCES = ("FrameDisplayShutterSequence", "CollimatorShapeSequence")
_KINDS = ("Shutter", "Collimator")
_MOST_BOXES = 60
"""A camera's mask holds 64; four may lie beyond a rectangle."""

_EDGES = ("LeftVerticalEdge", "RightVerticalEdge", "UpperHorizontalEdge", "LowerHorizontalEdge")


def read_image_field(path: Path, frame: int = 0) -> dict[str, Any] | None:
    """Return the field of a file's frame as `image_field` does; None of a file that is no DICOM image."""
    with translate_faults(FrameError, f"a DICOM image in {path.name}"):
        if not is_dicom_file(path):
            return None
        return image_field(open_dicom_header(path.read_bytes()), frame)


def image_field(dataset: Any, frame: int = 0) -> dict[str, Any] | None:
    """Return the field of an image's frame as a camera's `mask` has it; None where nothing bounds it.

    `polygon_px` and `circle_px` bound the field, `hidden_px` are boxes beyond a rectangle, and boxes that cover what a
    bitmap hides. Of two circles the smaller one is taken, of two polygons the first.

    Raises
    ------
    FrameError
        If a shape has not the numbers that it needs.
    """
    shapes = _shapes(dataset, frame)
    rows, columns = int(dataset.get("Rows") or 0), int(dataset.get("Columns") or 0)
    field: dict[str, Any] = {}
    circles = [shape for kind, shape in shapes if kind == "CIRCULAR"]
    if circles:
        field["circle_px"] = min(circles, key=lambda circle: circle[2])
    polygons = [shape for kind, shape in shapes if kind == "POLYGONAL"]
    boxes = np.array([shape for kind, shape in shapes if kind == "RECTANGULAR"])
    if len(boxes):
        left, top = (float(value) for value in boxes[:, :2].max(axis=0))
        right, low = (float(value) for value in boxes[:, 2:].min(axis=0))
        if left >= right or top >= low:
            raise FrameError("expected shutters and collimators that leave a part of the image, got none left")
        if polygons:
            beyond = [
                [-1, -1, left, rows],
                [right, -1, columns, rows],
                [-1, -1, columns, top],
                [-1, low, columns, rows],
            ]
            field["hidden_px"] = beyond
        else:
            field["polygon_px"] = [[left, top], [right, top], [right, low], [left, low]]
    if polygons:
        field["polygon_px"] = polygons[0]
    hidden = covering_boxes(_bitmap(dataset, frame), _MOST_BOXES)
    if hidden:
        field["hidden_px"] = [*field.get("hidden_px", ()), *hidden]
    return field or None


def _bitmap(dataset: Any, frame: int) -> Bool:
    """Return what bitmap shutters hide of a frame, (rows, columns); FrameError if they leave nothing."""
    hidden = np.zeros((int(dataset.get("Rows") or 0), int(dataset.get("Columns") or 0)), bool)
    for item in frame_items(dataset, _SEQUENCES, frame):
        if "BITMAP" in _kinds_of(item, "Shutter"):
            if item.get("ShutterOverlayGroup") in (None, ""):
                raise FrameError("expected the group of a bitmap shutter in ShutterOverlayGroup, got none")
            hidden |= overlay_plane(dataset, int(item.ShutterOverlayGroup), frame)
    if hidden.size and hidden.all():
        raise FrameError("expected a bitmap shutter that leaves a part of the image, got none left")
    return hidden


def _kinds_of(item: Any, name: str) -> list[str]:
    given = item.get(f"{name}Shape") or ()
    return [given] if isinstance(given, str) else [str(kind) for kind in given]


def _shapes(dataset: Any, frame: int) -> list[tuple[str, list[Any]]]:
    """Return the kinds of the shapes that bound a frame, with their numbers."""
    found: list[tuple[str, list[Any]]] = []
    for item in frame_items(dataset, _SEQUENCES, frame):
        for name in _KINDS:
            found += [(kind, _READERS[kind](item, name)) for kind in _kinds_of(item, name) if kind in _READERS]
    return found


def _rectangle(item: Any, name: str) -> list[float]:
    """Return left, top, right and lower edge."""
    left, right, top, low = (_numbers(item, f"{name}{edge}", 1)[0] - 1.0 for edge in _EDGES)
    return [left, top, right, low]


def _circle(item: Any, name: str) -> list[float]:
    """Return the centre's column and row, and the radius."""
    row, column = _numbers(item, f"CenterOfCircular{name}", 2)
    return [column - 1.0, row - 1.0, _numbers(item, f"RadiusOfCircular{name}", 1)[0]]


def _polygon(item: Any, name: str) -> list[list[float]]:
    """Return the corners (column, row)."""
    numbers = _numbers(item, f"VerticesOfThePolygonal{name}", None)
    return [[column - 1.0, row - 1.0] for row, column in zip(numbers[::2], numbers[1::2], strict=True)]


def _numbers(item: Any, name: str, count: int | None) -> list[float]:
    value = item.get(name)
    values = [] if value in (None, "") else list(value) if hasattr(value, "__len__") else [value]
    numbers = [float(one) for one in values]
    if not np.isfinite(numbers).all() or (len(numbers) != count if count else len(numbers) < 6 or len(numbers) % 2):
        raise FrameError(f"expected {count or 'pairs of'} numbers in {name}, got {str(value)[:60]}")
    return numbers


_READERS: dict[str, Any] = {"RECTANGULAR": _rectangle, "CIRCULAR": _circle, "POLYGONAL": _polygon}
