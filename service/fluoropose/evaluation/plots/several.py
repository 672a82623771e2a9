"""Plots of sweeps and of several objects, from their figures and rows. matplotlib is the extra `evaluate`."""

import csv
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.evaluation.extras import require_extra
from fluoropose.io.pictures import save_drawing

__all__ = ["overlap_plotter", "sweep_plotter"]


def sweep_plotter() -> Callable[[Path, str, dict[str, Any]], None]:
    """Return what draws depth over the frames of each sweep into its folder; InputError without matplotlib."""
    figure_of = _figure()

    def draw(folder: Path, case: str, figures: dict[str, Any]) -> None:
        with (folder / "sweeps.csv").open(encoding="utf-8", newline="") as lines:
            rows = [row for row in csv.DictReader(lines) if row["drifts"] == "False"]
        spans = sorted({float(row["span_deg"]) for row in rows})
        figure, axes = figure_of(len(spans))
        for axis, span in zip(axes, spans, strict=True):
            _depth(axis, [row for row in rows if float(row["span_deg"]) == span])
            axis.set_title(f"{case}: {f'{span:g} degrees' if span else 'at rest'}")
        axes[0].set_ylabel("depth error, mm (medians of the runs)")
        axes[0].legend(fontsize=8)
        save_drawing(folder / "depth.png", partial(figure.savefig, format="png", dpi=110))

    return draw


def overlap_plotter() -> Callable[[Path, dict[str, Any]], None]:
    """Return what draws the success of both methods into a folder; InputError without matplotlib."""
    figure_of = _figure()

    def draw(folder: Path, figures: dict[str, Any]) -> None:
        rows = figures["sets"]
        figure, (axis,) = figure_of(1, width=7.5)
        for shift, (method, colour) in zip((-0.2, 0.2), (("together", "C0"), ("as it is", "0.7")), strict=True):
            success = [100.0 * row[method]["success_rate"] for row in rows]
            axis.barh(np.arange(len(rows)) + shift, success, 0.38, color=colour, label=method)
        axis.set_yticks(range(len(rows)), [f"{row['objects']}, {row['start']}" for row in rows], fontsize=8)
        axis.invert_yaxis()
        axis.set(xlabel="success (mTREproj below 1 % of size), %", xlim=(0, 103))
        axis.legend(fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=2)
        save_drawing(folder / "success.png", partial(figure.savefig, format="png", dpi=110))

    return draw


def _figure() -> Callable[..., tuple[Any, Any]]:
    with require_extra("evaluate", "for plots"):
        from matplotlib.figure import Figure

    def figure_of(columns: int, width: float = 3.2) -> tuple[Any, Any]:
        figure = Figure(figsize=(max(width * columns, 4.0), 3.8), layout="constrained")
        return figure, figure.subplots(1, columns, squeeze=False, sharey=True)[0]

    return figure_of


def _depth(axis: Any, rows: list[dict[str, str]]) -> None:
    frames = sorted({int(row["frame"]) for row in rows})
    for name, label, style in (
        ("alone_depth_mm", "frame alone", {"color": "0.6", "linestyle": "-"}),
        ("smoothed_depth_mm", "window", {"color": "C0", "linestyle": "-"}),
        ("smoothed_depth_sigma_mm", "window, said", {"color": "C0", "linestyle": ":"}),
    ):
        middle = [np.median([float(row[name]) for row in rows if int(row["frame"]) == frame]) for frame in frames]
        axis.plot(frames, middle, label=label, **style)
    axis.set(xlabel="frame", yscale="log", ylim=(0.001, 30.0))
    axis.grid(alpha=0.3)
