"""A volume made small, for a page that shows what will be chosen of it."""

from base64 import b64encode
from typing import Any

import numpy as np

from fluoropose.imaging.volume import Volume

__all__ = ["MAX_SIDE", "coarse_voxels"]

MAX_SIDE = 128
"""The most voxels along a side, as the console's page reads NIfTI and NRRD: at most 8.4 MB of them."""


def coarse_voxels(volume: Volume) -> dict[str, Any]:
    """Return every n-th voxel along each axis, as JSON values.

    `values` is base64 of float32, little-endian, the first axis the quickest; `lps_from_index` takes an index of this
    small grid to LPS mm. No voxel is a mean of others: a window of HU chooses of them what it chooses of all.
    """
    steps = [-(-side // MAX_SIDE) for side in volume.values.shape]
    values = volume.values[:: steps[0], :: steps[1], :: steps[2]]
    affine = volume.lps_from_index @ np.diag([*steps, 1.0])
    data = values.astype("<f4").tobytes(order="F")
    return {
        "shape": list(values.shape),
        "lps_from_index": affine.tolist(),
        "values": b64encode(data).decode("ascii"),
    }
