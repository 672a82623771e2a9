"""JointTrack's poses (.jts): a line per frame of x, y, z in mm and the angles about z, x and y in degrees.

camera_from_object = diag(1, -1, -1) [Rz Rx Ry | (x, y, z)]: y points up and the object is at negative z. Checked on the
source's own single-plane files, whose silhouettes agree with the masks (tests marked `data`).
"""

import numpy as np

from fluoropose.arrays import Mat44
from fluoropose.errors import InputError
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import from_zxy, to_zxy
from fluoropose.io.pose_export.pose_record import PoseRun

__all__ = ["jts_text", "poses_from_jts"]

_CODE = "JT_EULER_312"
_NAMES = ("x_tran", "y_tran", "z_tran", "z_rot", "x_rot", "y_rot")
_FLIP = np.diag([1.0, -1.0, -1.0, 1.0])


def jts_text(run: PoseRun) -> str:
    """Return a run's poses in the camera as JointTrack's file; an object that was not found is six NaN.

    Raises
    ------
    InputError
        If the run's poses are not in a camera's frame.
    """
    if run.target != "camera":
        raise InputError(f"expected poses in a camera's frame for .jts, got poses in the {run.target}")
    lines = [_CODE, ",".join(f"{name:>16}" for name in _NAMES)]
    lines += [",".join(f"{number:>16}" for number in _numbers(one.target_from_volume)) for one in run.records]
    return "\n".join(lines) + "\n"


def poses_from_jts(text: str) -> list[Mat44 | None]:
    """Return camera_from_object of each frame in JointTrack's file, None where it is NaN; or raise InputError."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or lines[0].strip() != _CODE:
        raise InputError(f"expected a file that begins with {_CODE}, got {(lines or ['nothing'])[0][:40]!r}")
    poses: list[Mat44 | None] = []
    for number, line in enumerate(lines[2:], start=3):
        words = line.replace(",", " ").split()
        try:
            values = np.array([float(word) for word in words])
        except ValueError as error:
            raise InputError(f"expected numbers in line {number} of a .jts file, got: {error}") from error
        if values.shape != (6,):
            raise InputError(f"expected 6 numbers in line {number} of a .jts file, got {values.size}")
        if np.isnan(values).any():
            poses.append(None)
            continue
        z, x, y = np.deg2rad(values[3:])
        poses.append(_FLIP @ rigid(from_zxy(z, x, y), values[:3]))
    return poses


def _numbers(pose: Mat44 | None) -> list[str]:
    if pose is None:
        return ["NaN"] * 6
    flipped = _FLIP @ pose
    return [f"{number:.9g}" for number in (*flipped[:3, 3], *np.rad2deg(to_zxy(flipped[:3, :3])))]
