"""A plot of six parameters over the frames of a run, beside a reference. The extra `evaluate` brings matplotlib."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from fluoropose.arrays import Float64
from fluoropose.evaluation.extras import require_extra
from fluoropose.io.pictures import save_drawing

__all__ = ["track_plotter"]

_NAMES = ("x, mm", "y, mm", "depth, mm", "in-plane turn, degrees", "alpha, degrees", "beta, degrees")

DrawTrack = Callable[[Path, str, list[int], Float64, Mapping[str, Float64]], None]


def track_plotter() -> DrawTrack:
    """Return what draws six parameters over frames: (file, title, frames (n,), reference (n, 6), runs by name).

    Raises
    ------
    InputError
        If matplotlib is not installed.
    """
    with require_extra("evaluate", "for plots"):
        from matplotlib.figure import Figure

    def draw(path: Path, title: str, frames: list[int], reference: Float64, runs: Mapping[str, Float64]) -> None:
        figure: Any = Figure(figsize=(9.0, 8.0), layout="constrained")
        panels = figure.subplots(6, 2, sharex=True)
        for n, name in enumerate(_NAMES):
            panels[n, 0].plot(frames, reference[:, n], color="black", linewidth=1.6, label="reference")
            for run, values in runs.items():
                panels[n, 0].plot(frames, values[:, n], linewidth=1.0, label=run)
                panels[n, 1].plot(frames, values[:, n] - reference[:, n], linewidth=1.0, label=run)
            panels[n, 1].axhline(0.0, color="black", linewidth=0.8)
            panels[n, 0].set_ylabel(name, fontsize=8)
        panels[0, 0].legend(fontsize=7)
        panels[0, 0].set_title("parameters", fontsize=9)
        panels[0, 1].set_title("less the reference", fontsize=9)
        panels[5, 0].set_xlabel("frame")
        panels[5, 1].set_xlabel("frame")
        figure.suptitle(title)
        save_drawing(path, partial(figure.savefig, format="png", dpi=90))

    return draw
