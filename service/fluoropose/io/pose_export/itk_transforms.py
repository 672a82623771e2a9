"""ITK transform files (.tfm), and the linear transforms of 3D Slicer, which are the same files the other way round.

ITK's file holds y = M (x - c) + t + c for points x in LPS mm: here target_from_volume. 3D Slicer reads such a file as
the transform of its registration tools, which takes the target to the moved image: a node that moves a volume to the
target comes from the inverse. Slicer turns LPS to its RAS itself.
"""

import re

import numpy as np

from fluoropose.arrays import Mat44
from fluoropose.errors import InputError
from fluoropose.geometry.rigid import check_rigid, inverse, rigid

__all__ = ["pose_from_slicer", "pose_from_tfm", "slicer_text", "tfm_text"]

_HEAD = "#Insight Transform File V1.0\n#Transform 0\nTransform: AffineTransform_double_3_3\n"
_NUMBERS = re.compile(r"^(Parameters|FixedParameters):\s*(.*)$", re.M)


def tfm_text(target_from_volume: Mat44) -> str:
    """Return an ITK transform file that takes points of the volume to the target, all digits kept."""
    numbers = [*target_from_volume[:3, :3].ravel(), *target_from_volume[:3, 3]]
    return f"{_HEAD}Parameters: {' '.join(repr(float(one)) for one in numbers)}\nFixedParameters: 0 0 0\n"


def pose_from_tfm(text: str) -> Mat44:
    """Return the rigid transform of an ITK transform file with one affine transform.

    Raises
    ------
    InputError, GeometryError
        If the file holds none, or one that is not rigid.
    """
    if (
        "Transform: AffineTransform_double_3_3" not in text
        and "Transform: MatrixOffsetTransformBase_double_3_3" not in text
    ):
        raise InputError("expected an ITK transform file with AffineTransform_double_3_3, got another")
    found = {name: numbers.split() for name, numbers in _NUMBERS.findall(text)}
    try:
        numbers = np.array([float(one) for one in found.get("Parameters", [])])
        centre = np.array([float(one) for one in found.get("FixedParameters", ["0", "0", "0"])])
    except ValueError as error:
        raise InputError(f"expected numbers in an ITK transform file, got: {error}") from error
    if numbers.shape != (12,) or centre.shape != (3,):
        raise InputError(f"expected 12 Parameters and 3 FixedParameters, got {numbers.size} and {centre.size}")
    matrix = numbers[:9].reshape(3, 3)
    return check_rigid(rigid(matrix, numbers[9:] + centre - matrix @ centre), "the transform")


def slicer_text(target_from_volume: Mat44) -> str:
    """Return the file that 3D Slicer loads as the linear transform which moves the volume to the target."""
    return tfm_text(inverse(target_from_volume))


def pose_from_slicer(text: str) -> Mat44:
    """Return the pose in a file that `slicer_text` made, or that 3D Slicer saved; errors as `pose_from_tfm`."""
    return inverse(pose_from_tfm(text))
