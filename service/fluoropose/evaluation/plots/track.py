"""The plot of a trial: the six parameters of each object over the frames. matplotlib is the extra `evaluate`."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from fluoropose.evaluation.extras import require_extra
from fluoropose.geometry.pose6 import Pose6Frame, six_from_pose
from fluoropose.io.pictures import save_drawing
from fluoropose.io.pose_export.pose_record import PoseRun

__all__ = ["six_parameter_plot"]

_NAMES = ("$t_x$, mm", "$t_y$, mm", "$t_z$, mm", r"$t_\theta$, deg", r"$t_\alpha$, deg", r"$t_\beta$, deg")


def six_parameter_plot(path: Path, runs: Mapping[str, PoseRun], frames: Mapping[str, Pose6Frame]) -> None:
    """Draw camera_from_volume of each case's run as the six parameters about its base view, over time.

    Frames that are not TRACKING are marked; one in which the object was not found is a gap.

    Raises
    ------
    InputError
        If matplotlib is not installed.
    StorageError
        If the disk refuses.
    """
    with require_extra("evaluate", "for plots"):
        from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6), layout="constrained")
    axes = figure.subplots(2, 3, sharex=True).ravel()
    for case, run in runs.items():
        times = np.array([one.frame if one.time_s is None else one.time_s for one in run.records])
        six = np.array([_six(one.target_from_volume, frames[case]) for one in run.records])
        doubtful = np.array([one.status != "TRACKING" for one in run.records])
        for axis, values in zip(axes, six.T, strict=True):
            (line,) = axis.plot(times, values, linewidth=1.2, label=case)
            axis.plot(times[doubtful], values[doubtful], "o", markersize=3, color=line.get_color())
    for axis, name in zip(axes, _NAMES, strict=True):
        axis.set_title(name, fontsize=10)
        axis.grid(alpha=0.3)
    for axis in axes[3:]:
        axis.set_xlabel("time, s (dots: doubtful)")
    axes[0].legend(fontsize=8)
    save_drawing(path, partial(figure.savefig, format="png", dpi=110))


def _six(pose: object, frame: Pose6Frame) -> np.ndarray:
    return np.full(6, np.nan) if pose is None else np.asarray(six_from_pose(np.asarray(pose), frame))
