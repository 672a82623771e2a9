"""What the first bytes of a file tell of its kind, for the kinds that several readers ask for."""

from pathlib import Path

__all__ = ["is_dicom", "is_dicom_file", "is_tiff"]

_DICOM_AT = 128
"""A preamble, whose bytes may be anything, stands before DICOM's mark."""


def is_dicom(data: bytes) -> bool:
    """Tell whether bytes begin as a DICOM file does that has its preamble."""
    return data[_DICOM_AT : _DICOM_AT + 4] == b"DICM"


def is_dicom_file(path: Path) -> bool:
    """Tell whether a file begins as `is_dicom` asks; no more of it is read."""
    with path.open("rb") as stream:
        return is_dicom(stream.read(_DICOM_AT + 4))


def is_tiff(data: bytes) -> bool:
    """Tell whether bytes begin as a TIFF does, of either order of bytes."""
    return data[:4] in (b"II*\0", b"MM\0*")
