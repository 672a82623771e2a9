"""The contents of TRANSFORM and STATUS messages. Source: the protocol's pages v2_transform and v2_status.

3D Slicer takes a transform as it comes, between frames whose axes are right, anterior, superior (RAS). Volumes here
have DICOM's axes, left, posterior, superior (LPS): `axes_matrix` turns the first two of both frames. Of a camera's
frame, +x along columns and +y along rows, the two are turned with them, as 3D Slicer does with every file in LPS.
"""

import struct

import numpy as np

from fluoropose.arrays import Mat44
from fluoropose.errors import InputError

__all__ = ["AXES", "axes_matrix", "status_content", "transform_content"]

AXES = ("ras", "lps")

_TURN = np.diag([-1.0, -1.0, 1.0, 1.0])
_STATUS = struct.Struct(">Hq20s")
_MAX_TEXT = 1000


def axes_matrix(target_from_volume: Mat44, axes: str) -> Mat44:
    """Return a pose between frames of LPS axes as one between frames of `axes`: "ras", "lps", or InputError."""
    if axes not in AXES:
        raise InputError(f"expected axes of {', '.join(AXES)}, got {axes!r}")
    return _TURN @ target_from_volume @ _TURN if axes == "ras" else target_from_volume


def transform_content(target_from_volume: Mat44) -> bytes:
    """Return a pose (4, 4), mm, as a TRANSFORM holds it: the upper three rows, column by column, float32."""
    return np.asarray(target_from_volume)[:3].T.astype(">f4").tobytes()


def status_content(code: int, number: int, name: str, text: str) -> bytes:
    """Return a STATUS: its code, a number of the device's own, a name of at most 20 bytes and a text."""
    word = name.encode("ascii", "replace")[:20]
    return _STATUS.pack(code, number, word) + text.encode("ascii", "replace")[:_MAX_TEXT] + b"\0"
