"""The attributes of a DICOM X-ray image that describe its geometry, without decoding its pixels.

Enhanced images have them in functional groups, some under another name; of several frames the first one's are taken.
"""

import io
from pathlib import Path
from typing import Any

import pydicom

from fluoropose.errors import FrameError, InputError
from fluoropose.io.functional_groups import frame_attribute

__all__ = ["read_xa_attributes", "xa_attributes"]

_NUMBERS = (
    "Rows", "Columns", "DistanceSourceToDetector", "DistanceSourceToPatient", "PositionerPrimaryAngle",
    "PositionerSecondaryAngle",
)  # fmt: skip
_ENHANCED = {
    "DistanceSourceToPatient": "DistanceSourceToIsocenter",
    "PositionerPrimaryAngle": "PositionerIsocenterPrimaryAngle",
    "PositionerSecondaryAngle": "PositionerIsocenterSecondaryAngle",
}
"""What enhanced images have instead (PS3.3 C.8.19.6)."""

_PAIRS = ("ImagerPixelSpacing", "PixelSpacing")


def read_xa_attributes(path: Path) -> dict[str, Any]:
    """Return the attributes of a file as a geometry of the kind `dicom_xa`, or raise InputError or FrameError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"expected a DICOM image in {path}, got: {error.strerror}") from error
    return xa_attributes(data)


def xa_attributes(data: bytes) -> dict[str, Any]:
    """Return the attributes of a DICOM image as a geometry of the kind `dicom_xa`; those that are empty are left out.

    Raises
    ------
    FrameError
        If the bytes are no DICOM image, or an attribute cannot be read.
    """
    try:
        dataset = pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True)
    except Exception as error:
        raise FrameError(f"expected a DICOM image, got: {str(error)[:200]}") from error
    fields: dict[str, Any] = {"kind": "dicom_xa"}
    for name in (*_NUMBERS, *_PAIRS, "PatientOrientation"):
        try:
            value = frame_attribute(dataset, name)
            if value is None and name in _ENHANCED:
                value = frame_attribute(dataset, _ENHANCED[name])
            if value in (None, "") or (name in _PAIRS and len(value) != 2):
                continue
            fields[name] = [str(word) for word in value] if name == "PatientOrientation" else _numbers(name, value)
        except (TypeError, ValueError) as error:
            raise FrameError(f"expected {name} of a DICOM image as a number, got: {str(error)[:100]}") from error
    return fields


def _numbers(name: str, value: Any) -> Any:
    return [float(number) for number in value] if name in _PAIRS else float(value)
