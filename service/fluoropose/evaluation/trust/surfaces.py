"""An object as closed surfaces, for the renderer without voxels. Lengths in mm. scikit-image is the extra `evaluate`.

Between two attenuations that parts of the object have lies one surface: around all that attenuates more than their
mean. What is inside it adds their difference.
"""

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Points
from fluoropose.errors import InputError
from fluoropose.evaluation.extras import require_extra
from fluoropose.imaging.volume import Volume
from fluoropose.objects.shapes import Part
from fluoropose.simulate.surface_rays import Surface

__all__ = ["part_surfaces"]


def part_surfaces(parts: list[Part], volume: Volume) -> tuple[Surface, ...]:
    """Return the surfaces of parts that were sampled as `volume` (1/mm), from the outermost on.

    Raises
    ------
    InputError
        If scikit-image is not installed, or nothing attenuates.
    """
    with require_extra("evaluate", "for surfaces"):
        from skimage.measure import marching_cubes
    levels = sorted({0.0} | {part.attenuation_per_mm for part in parts})
    values = np.pad(volume.values, 1)
    made = []
    for low, high in zip(levels[:-1], levels[1:], strict=True):
        level = 0.5 * (low + high)
        if values.max() <= level:
            continue
        vertices, faces, _, _ = marching_cubes(values, level, gradient_direction="descent", allow_degenerate=False)
        placed = (vertices.astype(np.float64) - 1.0) @ volume.lps_from_index[:3, :3].T + volume.lps_from_index[:3, 3]
        made.append(Surface(placed, _facing_outwards(placed, faces.astype(np.int64)), high - low))
    if not made:
        raise InputError("expected parts that attenuate, got none")
    return tuple(made)


def _facing_outwards(vertices: Points, faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return facets that enclose a positive volume: all are turned where they enclose a negative one."""
    a, b, c = (vertices[faces[:, n]] for n in range(3))
    return faces if float((a * np.cross(b, c)).sum()) > 0.0 else np.ascontiguousarray(faces[:, ::-1])
