"""Aliases for array types. A name says a shape that is checked where values enter the package."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bool", "Float32", "Float64", "Mat33", "Mat44", "Points", "Vec3", "make_read_only"]

Float64 = NDArray[np.floating[Any]]
"""Double precision: geometry and statistics."""
Float32 = NDArray[np.floating[Any]]
"""Single precision, or half where stated: pixels and voxels."""
Bool = NDArray[np.bool_]

Vec3 = Float64
"""Shape (3,)."""
Mat33 = Float64
"""Shape (3, 3)."""
Mat44 = Float64
"""Shape (4, 4): a rigid transform, named target_from_source."""
Points = Float64
"""Shape (n, 3) or (..., 3): points in mm, or directions."""


def make_read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return `array` read-only and C-ordered: a view of it where it is C-ordered already, else a copy."""
    frozen = np.ascontiguousarray(array)
    if frozen is array:
        frozen = array.view()
    frozen.flags.writeable = False
    return frozen
