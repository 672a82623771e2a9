"""From one way of writing down a camera to another. Every kind is read to an `ImagingGeometry` and written from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fluoropose.errors import GeometryError
from fluoropose.geometry.conversion.diffdrr import read_diffdrr, read_xvr, write_diffdrr, write_xvr
from fluoropose.geometry.conversion.distances import (
    read_c_arm,
    read_dicom_xa,
    read_distances,
    write_c_arm,
    write_dicom_xa,
    write_distances,
)
from fluoropose.geometry.conversion.fields import number_field
from fluoropose.geometry.conversion.imaging_geometry import Fields, ImagingGeometry, WrittenGeometry
from fluoropose.geometry.conversion.jointtrack import read_jointtrack, write_jointtrack
from fluoropose.geometry.conversion.matrices import (
    read_intrinsic,
    read_projection_matrix,
    write_intrinsic,
    write_projection_matrix,
)
from fluoropose.geometry.conversion.mayacam import read_mayacam1, read_mayacam2, write_mayacam1, write_mayacam2

__all__ = ["Conversion", "GEOMETRY_KINDS", "convert_geometry", "read_geometry", "write_geometry"]

_TABLE: dict[str, tuple[Callable[[Fields], ImagingGeometry], Callable[[ImagingGeometry, Fields], WrittenGeometry]]] = {
    "intrinsic": (read_intrinsic, write_intrinsic),
    "projection_matrix": (read_projection_matrix, write_projection_matrix),
    "distances": (read_distances, write_distances),
    "c_arm": (read_c_arm, write_c_arm),
    "dicom_xa": (read_dicom_xa, write_dicom_xa),
    "mayacam1": (read_mayacam1, write_mayacam1),
    "mayacam2": (read_mayacam2, write_mayacam2),
    "jointtrack": (read_jointtrack, write_jointtrack),
    "diffdrr": (read_diffdrr, write_diffdrr),
    "xvr": (read_xvr, write_xvr),
}
GEOMETRY_KINDS = tuple(_TABLE)
"""The kinds of geometry, as the API names them."""


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """A geometry in another kind: the value that was read, what was written, and what the kind could not hold."""

    geometry: ImagingGeometry
    fields: dict[str, Any]
    losses: tuple[str, ...]


def read_geometry(fields: Any) -> ImagingGeometry:
    """Return the geometry of an object with its `kind`.

    Any kind may have `source_to_detector_mm`, for kinds that have lengths where its own has pixels only.

    Raises
    ------
    GeometryError
        If the kind is unknown, a field is missing, unknown or wrong, or no such camera can be.
    """
    if not isinstance(fields, Mapping):
        raise GeometryError(f"expected a geometry as an object with a kind, got {type(fields).__name__}")
    geometry = _TABLE[_kind(fields.get("kind"))][0](fields)
    if geometry.source_to_detector_mm is not None and not geometry.source_to_detector_mm > 0.0:
        raise GeometryError(f"expected source_to_detector_mm above 0, got {geometry.source_to_detector_mm:g}")
    return geometry


def write_geometry(geometry: ImagingGeometry, kind: str, options: Fields) -> WrittenGeometry:
    """Return a geometry as another program writes it; its fields begin with the kind.

    `options` are those of the kind's writer, and `source_to_detector_mm` where the geometry has none.

    Raises
    ------
    GeometryError
        If the kind is unknown or needs what the geometry does not say.
    """
    if geometry.source_to_detector_mm is None and options.get("source_to_detector_mm") is not None:
        geometry = replace(geometry, source_to_detector_mm=number_field(options, "source_to_detector_mm"))
    written = _TABLE[_kind(kind)][1](geometry, options)
    return WrittenGeometry({"kind": kind, **written.fields}, written.losses)


def convert_geometry(source: Any, target: Any) -> Conversion:
    """Return a geometry in another kind; `target` is a kind, or an object of a kind and its options.

    Raises
    ------
    GeometryError
        As `read_geometry` and `write_geometry`.
    """
    geometry = read_geometry(source)
    options: Fields = target if isinstance(target, Mapping) else {"kind": target}
    written = write_geometry(geometry, _kind(options.get("kind")), options)
    return Conversion(geometry, written.fields, written.losses)


def _kind(value: Any) -> str:
    if not isinstance(value, str) or value not in _TABLE:
        raise GeometryError(f"expected a kind of {', '.join(_TABLE)}, got {str(value)[:40]!r}")
    return value
