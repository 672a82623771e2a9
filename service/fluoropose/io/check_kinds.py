"""The doctor's parts: what each kind of file is checked for. A new kind is a function here and a line in `io.check`."""

from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.errors import FluoroposeError
from fluoropose.geometry.conversion.convert import read_geometry
from fluoropose.geometry.conversion.findings import find_unlikely_geometry
from fluoropose.imaging.finding import Finding
from fluoropose.imaging.frame_findings import field_mask, list_frame_findings, polarity
from fluoropose.imaging.mesh_voxels import voxelise_mesh
from fluoropose.imaging.volume import Volume
from fluoropose.imaging.volume_findings import list_volume_findings
from fluoropose.imaging.whole_ct import is_whole_ct, list_tissues
from fluoropose.io.check_picture import frame_picture, shadow_picture, slice_picture
from fluoropose.io.check_report import CheckReport
from fluoropose.io.check_voxels import coarse_voxels
from fluoropose.io.geometry_files import geometry_in_file
from fluoropose.io.meshes import read_mesh
from fluoropose.io.run_frame import read_run_frame
from fluoropose.io.video import VIDEO_SUFFIXES
from fluoropose.io.volumes import examine_volume
from fluoropose.io.xa_field import read_image_field

__all__ = ["axis_letters", "check_frames", "check_geometry", "check_geometry_fields", "check_mesh", "check_volume_file"]

_DIRECTIONS = (("R", "L"), ("A", "P"), ("I", "S"))
_JPEG_SUFFIXES = (".jpg", ".jpeg")
_SEVERITIES = {"error": 0, "warning": 1, "note": 2}


def check_volume_file(path: Path) -> CheckReport:
    """Return the report of a volume, or raise what its reader does."""
    reading = examine_volume(path)
    volume = reading.volume
    understood: dict[str, Any] = {
        "what": "volume",
        "kind": reading.kind,
        "shape": list(volume.values.shape),
        "spacing_mm": np.round(volume.spacing_mm, 4).tolist(),
        "size_mm": np.round(volume.spacing_mm * volume.values.shape, 1).tolist(),
        "values": [float(volume.values.min()), float(volume.values.max())],
        "axes": axis_letters(volume),
        "whole_ct": is_whole_ct(volume),
        "holds": list_tissues(volume),
        "file": reading.facts,
    }
    findings = _ordered([*reading.findings, *list_volume_findings(volume)])
    return CheckReport(path.name, understood, findings, slice_picture(volume), coarse_voxels(volume))


def check_mesh(path: Path) -> CheckReport:
    """Return the report of a mesh, or raise what its reader does."""
    mesh, mended = read_mesh(path)
    understood = {
        "what": "mesh",
        "facets": len(mesh.faces),
        "sides_mm": np.round(mesh.sides_mm, 2).tolist(),
        "volume_cm3": round(mesh.volume_mm3 / 1000.0, 3),
    }
    findings = tuple(Finding("mended", "note", text) for text in mended)
    return CheckReport(path.name, understood, findings, shadow_picture(voxelise_mesh(mesh, 1.0)))


def check_frames(path: Path, number: int | None = None) -> CheckReport:
    """Return the report of a frame or a run of frames, or raise what their reader does.

    A run is judged by frame `number` from 0, by default the middle one; no other is decoded.
    """
    run = read_run_frame(path, number)
    pixels = run.pixels
    bright, certainty = polarity(pixels, field_mask(pixels))
    understood: dict[str, Any] = {
        "what": "frame" if run.count == 1 else "frames",
        "frames": run.count,
        "judged_by": run.number,
        "rows": pixels.shape[0],
        "columns": pixels.shape[1],
        "dtype": pixels.dtype.name,
        "values": [float(pixels.min()), float(pixels.max())],
        "bright_is": {"guess": _polarity_word(bright, certainty), "certainty": round(certainty, 2)},
    }
    if run.fps is not None:
        understood["frames_per_second"] = run.fps
    findings = list_frame_findings(pixels)
    if path.suffix.lower() in (*_JPEG_SUFFIXES, *VIDEO_SUFFIXES):
        findings += (Finding("lossy", "warning", "JPEG and video lose details, and their blocks look like edges", 1.0),)
    if path.is_file() and path.suffix.lower() in (".dcm", ".ima", ".dicom", ""):
        findings += (*_own_geometry(path, understood), *_own_field(path, run.number, understood))
    return CheckReport(path.name, understood, _ordered(findings), frame_picture(pixels))


def _own_geometry(path: Path, understood: dict[str, Any]) -> tuple[Finding, ...]:
    """Add the geometry that an X-ray image tells to what was understood, and return what looks wrong about it."""
    try:
        report = check_geometry(path)
    except FluoroposeError as error:
        return (Finding("no-geometry", "note", f"no camera from the image's attributes: {error}"),)
    understood["geometry"] = report.understood
    return report.findings


def _own_field(path: Path, number: int, understood: dict[str, Any]) -> tuple[Finding, ...]:
    """Add what an X-ray image's shutters and collimator leave of it to what was understood, and say that."""
    try:
        field = read_image_field(path, number)
    except FluoroposeError as error:
        return (Finding("no-field", "warning", f"no field from the image's shutters: {error}", 1.0),)
    if field is None:
        return ()
    understood["field"] = field
    return (Finding("shutters", "note", "shutters or a collimator cover a part of the image", 1.0),)


def check_geometry(path: Path) -> CheckReport:
    """Return the report of a file of a camera, or raise what its reader does."""
    return check_geometry_fields(geometry_in_file(path), path.name)


def check_geometry_fields(fields: Any, name: str = "geometry") -> CheckReport:
    """Return the report of a geometry as an object with its kind, or raise GeometryError."""
    geometry = read_geometry(fields)
    camera = geometry.camera
    understood: dict[str, Any] = {
        "what": "geometry",
        "kind": fields["kind"],
        "rows": camera.rows,
        "columns": camera.columns,
        "intrinsic_matrix": camera.intrinsic_matrix.tolist(),
        "source_to_detector_mm": geometry.source_to_detector_mm,
        "placed": geometry.camera_from_world is not None,
        "assumed": list(geometry.notes),
    }
    found = find_unlikely_geometry(geometry)
    findings = [Finding(one.code, one.severity, one.text, one.certainty) for one in found]
    return CheckReport(name, understood, _ordered(findings))


def _polarity_word(bright: bool, certainty: float) -> str:
    if certainty < 0.75:
        return "not clear"
    return "open beam" if bright else "dense"


def axis_letters(volume: Volume) -> str:
    """Return where the axes of a grid go, a letter each: LPS is left, posterior, superior."""
    letters = []
    for column in volume.lps_from_index[:3, :3].T:
        axis = int(np.abs(column).argmax())
        letters.append(_DIRECTIONS[axis][int(column[axis] > 0)])
    return "".join(letters)


def _ordered(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda one: _SEVERITIES[one.severity]))
