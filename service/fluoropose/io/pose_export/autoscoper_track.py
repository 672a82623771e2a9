"""Autoscoper's tracks (.tra): a line per frame with the 16 numbers of a matrix, row by row, commas between, mm.

These are what Autoscoper loads by itself: matrix, rows, commas, mm, NaN where there is no pose (AutoscoperMainWindow,
save_tracking_results). Its volume is a stack of pictures with a frame of its own: `volume_from_autoscoper` takes that
frame to the volume's here, by default they are the same.
"""

import numpy as np

from fluoropose.arrays import Mat44
from fluoropose.errors import InputError
from fluoropose.geometry.rigid import check_rigid
from fluoropose.io.pose_export.pose_record import PoseRun

__all__ = ["poses_from_tra", "tra_text"]


def tra_text(run: PoseRun, volume_from_autoscoper: Mat44 | None = None) -> str:
    """Return a run's poses as Autoscoper's track."""
    shift = np.eye(4) if volume_from_autoscoper is None else volume_from_autoscoper
    poses = [one.target_from_volume for one in run.records]
    lines = [["NaN"] * 16 if pose is None else [f"{one:.16g}" for one in (pose @ shift).ravel()] for pose in poses]
    return "\n".join(",".join(line) for line in lines) + "\n"


def poses_from_tra(text: str) -> list[Mat44 | None]:
    """Return the poses of a track of one object, None where there is none.

    Raises
    ------
    InputError, GeometryError
        If a line has not 16 numbers, or a matrix is not rigid.
    """
    poses: list[Mat44 | None] = []
    for number, line in enumerate((one for one in text.splitlines() if one.strip()), start=1):
        try:
            values = np.array([float(word) for word in line.split(",")])
        except ValueError as error:
            raise InputError(f"expected numbers in line {number} of a .tra file, got: {error}") from error
        if values.shape != (16,):
            raise InputError(f"expected 16 numbers in line {number} of a .tra file, got {values.size}")
        missing = bool(np.isnan(values).any())
        poses.append(None if missing else check_rigid(values.reshape(4, 4), f"line {number} of a .tra file"))
    return poses
