"""Geometry in files: JSON of any kind, MayaCam and JointTrack calibrations, DICOM X-ray images. Told by the content."""

import json
from pathlib import Path
from typing import Any

from fluoropose.errors import GeometryError, InputError
from fluoropose.io.first_bytes import is_dicom
from fluoropose.io.reader_faults import translate_faults
from fluoropose.io.xa_attributes import xa_attributes

__all__ = ["geometry_in_file"]

_MOST_BYTES = 1 << 20
_JOINTTRACK = ("JT_INTCALIB", "JTA_INTCALIB")


def geometry_in_file(path: Path, kind: str = "") -> dict[str, Any]:
    """Return the geometry of a file as an object with its kind; `kind` overrules what the content says.

    A JSON object without a kind is a camera as the API takes it: `intrinsic` or `distances`.

    Raises
    ------
    InputError
        If there is no such file, or nothing tells what it holds.
    FrameError
        If a DICOM image cannot be read.
    """
    with translate_faults(InputError, f"a geometry in {path}"):
        return _read(path, kind)


def _read(path: Path, kind: str) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            data = stream.read(_MOST_BYTES)
            if is_dicom(data):
                return xa_attributes(data + stream.read())
    except OSError as error:
        raise InputError(f"expected a geometry in {path}, got: {error.strerror}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"expected a geometry as text or a DICOM image in {path}, got other bytes") from error
    fields = (
        _from_json(text, path) if text.lstrip().startswith(("{", "[")) else {"kind": _text_kind(text), "text": text}
    )
    if kind:
        fields["kind"] = kind
    if not fields.get("kind"):
        known = "JSON, a MayaCam or JointTrack calibration or a DICOM image"
        raise InputError(f"expected {known} in {path}, got none of them; name the kind")
    return fields


def _from_json(text: str, path: Path) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"expected a geometry as JSON in {path}, got: {error}") from error
    if not isinstance(value, dict):
        raise GeometryError(f"expected a geometry as a JSON object in {path}, got {type(value).__name__}")
    if "kind" in value:
        return value
    if "sdd" in value:
        return value | {"kind": "diffdrr"}
    if "detector" in value:
        return value | {"kind": "xvr"}
    fields = {key: one for key, one in value.items() if key not in ("tolerance", "case", "mask")}
    return fields | {"kind": "intrinsic" if "intrinsic_matrix" in value else "distances"}


def _text_kind(text: str) -> str:
    """Return the kind of a calibration's text, empty if nothing tells it."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if first.lower() == "image size":
        return "mayacam2"
    if first.replace(",", " ").split()[:1] and first.replace(",", " ").split()[0] in _JOINTTRACK:
        return "jointtrack"
    return "mayacam1" if first.count(",") == 2 else ""
