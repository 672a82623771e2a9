"""Array aliases: the letters in the names are the shapes, checked where values enter the package."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bool", "Float32", "Float64", "Mat33", "Mat44", "Points", "Vec3", "read_only"]

Float64 = NDArray[np.floating[Any]]
"""Double precision; everything that is geometry."""
Float32 = NDArray[np.floating[Any]]
"""Single (or, where stated, half) precision; everything that is pixels."""
Bool = NDArray[np.bool_]

Vec3 = Float64
"""Shape (3,)."""
Mat33 = Float64
"""Shape (3, 3)."""
Mat44 = Float64
"""Shape (4, 4), a rigid transform named target_from_source."""
Points = Float64
"""Shape (n, 3), mm."""


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a C-ordered copy-if-needed view of `array` that refuses writes."""
    frozen = np.ascontiguousarray(array)
    if frozen is array:
        frozen = array.view()
    frozen.flags.writeable = False
    return frozen
