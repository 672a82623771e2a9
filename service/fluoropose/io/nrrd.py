"""Reading of NRRD. Its field `space` names the world frame: LPS is kept, RAS and LAS are converted to LPS."""

from pathlib import Path
from typing import Any, BinaryIO

import nrrd
import numpy as np

from fluoropose.arrays import Float64, Mat44
from fluoropose.errors import VolumeError
from fluoropose.imaging.finding import Finding
from fluoropose.imaging.volume import Volume, check_volume
from fluoropose.imaging.volume_limits import check_anatomy, check_shape, fill_background
from fluoropose.io.reader_faults import translate_faults
from fluoropose.io.volume_reading import VolumeReading

__all__ = ["read_nrrd"]

_SIGNS = {
    "left-posterior-superior": (1, 1, 1),
    "lps": (1, 1, 1),
    "right-anterior-superior": (-1, -1, 1),
    "ras": (-1, -1, 1),
    "left-anterior-superior": (1, -1, 1),
    "las": (1, -1, 1),
}

_UNITS_MM = {
    "mm": 1.0, "millimeter": 1.0, "millimeters": 1.0, "millimetre": 1.0, "millimetres": 1.0,
    "cm": 10.0, "centimeter": 10.0, "centimetre": 10.0,
    "m": 1000.0, "meter": 1000.0, "meters": 1000.0, "metre": 1000.0,
    "um": 0.001, "micron": 0.001, "microns": 0.001, "micrometer": 0.001,
}  # fmt: skip


_HEAD_BYTES = 2**20
"""A header is shorter."""


def read_nrrd(path: Path) -> VolumeReading:
    """Return the volume in an .nrrd or .nhdr file; `space units` of metres, centimetres or micrometres become mm.

    A label map of 3D Slicer (.seg.nrrd) of one layer is read as any volume. Data in another file is read only of a
    .nhdr, and only from beside it.

    Raises
    ------
    VolumeError
        If the file is damaged, not 3-D, has no placement, or a unit that is unknown.
    """
    with translate_faults(VolumeError, f"an NRRD file in {path.name}"):
        with path.open("rb") as file:
            header: dict[str, Any] = nrrd.read_header(_head_lines(file, path.name))
            lps_from_index, axes, findings = _placement(header, path.name)
            shape = check_shape([int(header["sizes"][axis]) for axis in axes], path.name)
            _require_own_data(header, path)
            values = np.asarray(nrrd.read_data(header, file, str(path)))
        values = values.reshape(shape, order="F").astype(np.float32)
        values, filled = fill_background(values, path.name)
        volume = check_anatomy(check_volume(Volume(values, lps_from_index)), path.name)
    facts: dict[str, Any] = {"stored_as": str(header.get("type")), "space": str(header.get("space"))}
    segments = [
        str(text) for key, text in sorted(header.items()) if key.startswith("Segment") and key.endswith("_Name")
    ]
    if segments:
        facts["segments"] = segments
    return VolumeReading(volume, "NRRD", (*findings, *filled), facts)


def _head_lines(file: BinaryIO, name: str) -> list[str]:
    """Return the header's lines and leave the file where the data begins.

    The library drops what is not ASCII, which makes metres of micrometres: the letter of micro becomes u here.
    """
    head, lines = 0, []
    while (line := file.readline(_HEAD_BYTES)).strip():
        head += len(line)
        if head > _HEAD_BYTES:
            raise VolumeError(f"expected an NRRD header of at most {_HEAD_BYTES} bytes in {name}, got more")
        text = line.decode("utf-8", "replace") if not line.isascii() else line.decode("ascii")
        lines.append(text.replace("\u00b5", "u").replace("\u03bc", "u").replace("\ufffd", "u"))
    return [*lines, "\n"]


def _placement(header: dict[str, Any], name: str) -> tuple[Mat44, list[int], tuple[Finding, ...]]:
    """Return LPS mm from index, the axes of space, and what was found."""
    space = str(header.get("space", "")).lower()
    if space not in _SIGNS or "space directions" not in header:
        raise VolumeError(f"expected NRRD space LPS, RAS or LAS with directions in {name}, got {space or 'none'}")
    directions = [_vector(row) for row in header["space directions"]]
    sizes = [int(size) for size in header["sizes"]]
    axes = [n for n, row in enumerate(directions) if row is not None]
    layers = [size for n, size in enumerate(sizes) if n not in axes]
    if len(directions) != len(sizes) or len(axes) != 3 or any(size != 1 for size in layers):
        raise VolumeError(
            f"expected 3 axes in {name}, got {len(sizes)} axes of {' x '.join(map(str, sizes))}: save one volume of a "
            "series, or one layer of a segmentation, alone"
        )
    units_mm, findings = _unit_mm(header, name)
    lps_from_index = np.eye(4)
    lps_from_index[:3, :3] = np.array([directions[axis] for axis in axes]).T
    lps_from_index[:3, 3] = np.asarray(header.get("space origin", np.zeros(3)), dtype=np.float64)
    lps_from_index[:3] *= units_mm[:, None] * np.array(_SIGNS[space])[:, None]
    return lps_from_index, axes, findings


def _vector(row: Any) -> Float64 | None:
    """Return an axis's direction; None for an axis that is none of space, whose direction is `none`."""
    if row is None:
        return None
    vector = np.asarray(row, dtype=np.float64)
    return None if np.isnan(vector).all() else vector


def _unit_mm(header: dict[str, Any], name: str) -> tuple[Float64, tuple[Finding, ...]]:
    """Return the millimetres of a unit along each axis of the world, shape (3,)."""
    given = header.get("space units")
    if given is None:
        return np.ones(3), ()
    units = [str(unit).strip().strip('"').lower() for unit in given]
    unknown = [unit for unit in units if unit not in _UNITS_MM]
    if unknown or len(units) != 3:
        raise VolumeError(f"expected NRRD space units of mm, cm, m or um in {name}, got {', '.join(units)}")
    if set(units) == {"mm"}:
        return np.ones(3), ()
    text = f"the header's space units are {', '.join(units)}: lengths were turned into mm"
    return np.array([_UNITS_MM[unit] for unit in units]), (Finding("unit", "note", text),)


def _require_own_data(header: dict[str, Any], path: Path) -> None:
    """Refuse a header that points to data elsewhere: an upload must not name a file of this machine."""
    detached = header.get("data file") or header.get("datafile")
    if detached is None:
        return
    names = [detached] if isinstance(detached, str) else [str(one) for one in detached]
    if path.suffix.lower() != ".nhdr":
        raise VolumeError(f"expected the data in {path.name} itself, got a header that names {names[0]}")
    outside = [one for one in names if Path(one).name != one or not (path.parent / one).is_file()]
    if outside:
        raise VolumeError(f"expected the data of {path.name} beside it, got {outside[0]}, which is not there")
