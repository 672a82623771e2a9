"""Plots of an evaluation, from its figures. The only user of matplotlib, which is the extra `evaluate`."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from fluoropose.evaluation.extras import require_extra
from fluoropose.evaluation.metrics.two_views import PAIR_SUCCESS_MM
from fluoropose.io.pictures import save_drawing

__all__ = ["plotter", "views_plotter"]

_SHARES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""Ticks of the plot of errors, in % of size."""

Draw = Callable[[Path, str, dict[str, Any]], None]


def plotter() -> Draw:
    """Return what draws an evaluation's figures into a folder.

    Raises
    ------
    InputError
        If matplotlib is not installed.
    """
    figure_of = _figure_class()

    def draw(folder: Path, case: str, figures: dict[str, Any]) -> None:
        kinds: tuple[tuple[str, Callable[[Any, dict[str, Any]], bool]], ...] = (
            ("success-by-start-error.png", _by_start_error),
            ("error-percentiles.png", _percentiles),
            ("success-by-sweeps.png", _by_sweeps),
        )
        methods = {name: facts for name, facts in figures.items() if name != "run"}
        for name, kind in kinds:
            figure = figure_of(figsize=(7.0, 4.2), layout="constrained")
            axes = figure.add_subplot()
            if kind(axes, methods):
                axes.set_title(f"{case}, {figures['run']['frames']} simulated frames, seed {figures['run']['seed']}")
                save_drawing(folder / name, partial(figure.savefig, format="png", dpi=110))

    return draw


def views_plotter() -> Draw:
    """Return what draws the figures of `evaluate two-views` into a folder.

    Raises
    ------
    InputError
        If matplotlib is not installed.
    """
    figure_of = _figure_class()

    def draw(folder: Path, case: str, figures: dict[str, Any]) -> None:
        figure = figure_of(figsize=(7.5, 0.5 + 0.32 * len(figures["settings"])), layout="constrained")
        _views_errors(figure.add_subplot(), figures["settings"])
        run = figures["run"]
        figure.suptitle(f"{case}: {run['starts']} starts on {run['frames']} simulated instants, seed {run['seed']}")
        save_drawing(folder / "views.png", partial(figure.savefig, format="png", dpi=110))

    return draw


def _views_errors(axes: Any, rows: list[dict[str, Any]]) -> None:
    """Draw for each row the percentiles of the 3-D mTRE: two views above, one alone below."""
    for place, row in enumerate(rows):
        for shift, part, colour in ((-0.16, "together", "C0"), (0.16, "alone", "C1")):
            error, at = row[part]["mtre_mm"], place + shift
            label = {"together": "both views", "alone": "one view alone"}[part] if place == 0 else None
            axes.plot([error["p10"], error["p90"]], [at, at], color="0.6", linewidth=1.2)
            axes.plot(
                [error["p25"], error["p75"]], [at, at], color=colour, linewidth=5, solid_capstyle="butt", label=label
            )
            axes.plot([error["p50"]], [at], color="black", marker="|", markersize=9)
    axes.axvline(PAIR_SUCCESS_MM, color="0.6", linewidth=0.8, linestyle="--")
    axes.set_xscale("log")
    axes.set_yticks(range(len(rows)), [_views_name(row) for row in rows], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("3-D mTRE, mm: 10th, 25th, 50th, 75th, 90th percentile; success is left of the line")
    axes.legend(fontsize=8)


def _views_name(row: dict[str, Any]) -> str:
    what = f"calibration {row['calibration']:g}" if row["fault"] == "none" else row["fault"]
    return f"{row['angle_deg']:g}°, {what}"


def _figure_class() -> Any:
    with require_extra("evaluate", "for plots"):
        from matplotlib.figure import Figure
    return Figure


def _by_start_error(axes: Any, methods: dict[str, Any]) -> bool:
    drawn = False
    for name, facts in methods.items():
        groups = facts["success_by_start_error"]
        if not groups or name.startswith("ours-sweeps-"):
            continue
        middles = [0.5 * (group["from_mm"] + group["to_mm"]) for group in groups]
        shares = [100.0 * group["success"] for group in groups]
        thick = 2.2 if name == "ours" else 1.2
        axes.plot(middles, shares, marker="o", markersize=3, linewidth=thick, label=name)
        drawn = True
    axes.axhline(95.0, color="0.6", linewidth=0.8, linestyle="--")
    axes.set(xlabel="start mTREproj, mm (groups of 20 trials)", ylabel="success, %", ylim=(-3, 103))
    if drawn:
        axes.legend(fontsize=8)
    return drawn


def _percentiles(axes: Any, methods: dict[str, Any]) -> bool:
    shown = {name: facts for name, facts in methods.items() if not name.startswith("ours-sweeps-")}
    for row, facts in enumerate(shown.values()):
        share = {key: 100.0 * value / facts["size_mm"] for key, value in facts["mtre_proj_mm"].items()}
        axes.plot([share["p10"], share["p90"]], [row, row], color="0.6", linewidth=1.5)
        axes.plot([share["p25"], share["p75"]], [row, row], color="C0", linewidth=6, solid_capstyle="butt")
        axes.plot([share["p50"]], [row], color="black", marker="|", markersize=14)
    axes.axvline(1.0, color="0.6", linewidth=0.8, linestyle="--")
    low, high = axes.get_xlim()
    axes.set_xscale("log")
    axes.set_xticks(_SHARES, [f"{share:g}" for share in _SHARES])
    axes.set_xticks([], minor=True)
    axes.set_yticks(range(len(shown)), list(shown))
    axes.invert_yaxis()
    axes.set_xlim(max(low, 0.5 * _SHARES[0]), high)
    axes.set_xlabel("mTREproj, % of size: 10th, 25th, 50th, 75th, 90th percentile; success is left of the line")
    return bool(shown)


def _by_sweeps(axes: Any, methods: dict[str, Any]) -> bool:
    points = sorted(
        (int(name.removeprefix("ours-sweeps-")), facts)
        for name, facts in methods.items()
        if name.startswith("ours-sweeps-")
    )
    counts = [count for count, _ in points]
    axes.plot(counts, [100.0 * facts["success_rate"] for _, facts in points], marker="o")
    axes.set(xlabel="sweeps of the hierarchy", ylabel="success, %", ylim=(-3, 103))
    axes.set_xticks(counts)
    return bool(points)
