"""The attributes of a DICOM X-ray image that describe its geometry, without decoding its pixels.

Enhanced images have them in functional groups, some under another name; of several frames the first one's are taken.
"""

from typing import Any

from fluoropose.errors import FrameError
from fluoropose.io.dicom_bounds import open_dicom_header
from fluoropose.io.functional_groups import frame_attribute
from fluoropose.io.reader_faults import translate_faults

__all__ = ["xa_attributes"]

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


def xa_attributes(data: bytes) -> dict[str, Any]:
    """Return the attributes of a DICOM image as a geometry of the kind `dicom_xa`; those that are empty are left out.

    Raises
    ------
    FrameError
        If the bytes are no DICOM image, or an attribute cannot be read.
    """
    with translate_faults(FrameError, "a DICOM image"):
        return _attributes(open_dicom_header(data))


def _attributes(dataset: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"kind": "dicom_xa"}
    for name in (*_NUMBERS, *_PAIRS, "PatientOrientation"):
        try:
            value = frame_attribute(dataset, name)
            if value is None and name in _ENHANCED:
                value = frame_attribute(dataset, _ENHANCED[name])
            if value in (None, "") or (name in _PAIRS and len(value) != 2):
                continue
            fields[name] = [str(word) for word in value] if name == "PatientOrientation" else _numbers(name, value)
        except (TypeError, ValueError, OverflowError) as error:
            raise FrameError(f"expected {name} of a DICOM image as a number, got: {str(error)[:100]}") from error
    return fields


def _numbers(name: str, value: Any) -> Any:
    return [float(number) for number in value] if name in _PAIRS else float(value)
