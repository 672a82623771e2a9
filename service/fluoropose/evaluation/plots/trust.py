"""The plots of the stress set: groups, risk over coverage, reliability, reasons. matplotlib is the extra `evaluate`."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fluoropose.evaluation.extras import require_extra
from fluoropose.io.pictures import save_drawing

__all__ = ["trust_plotter"]

_KINDS = {"in_plane": "in the plane", "depth": "depth", "rotation": "rotation"}
_STYLES = ("-", "--", ":")


def trust_plotter() -> Callable[[Path, dict[str, Any]], None]:
    """Return what draws the figures of `evaluation.trust.run` into a folder; InputError without matplotlib."""
    with require_extra("evaluate", "for plots"):
        from matplotlib.figure import Figure

    def draw(folder: Path, figures: dict[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        made = {
            "groups": _groups(Figure(figsize=(8.0, 6.5), layout="constrained"), figures),
            "risk": _risk(Figure(figsize=(6.0, 4.2), layout="constrained"), figures),
            "reliability": _reliability(Figure(figsize=(9.0, 4.4), layout="constrained"), figures),
            "reasons": _reasons(Figure(figsize=(9.0, 5.0), layout="constrained"), figures),
        }
        for name, figure in made.items():
            save_drawing(folder / f"{name}.png", partial(figure.savefig, format="png", dpi=100))

    return draw


def _groups(figure: Any, figures: dict[str, Any]) -> Any:
    """Draw the share of each answer in each group."""
    rows = figures["groups"]
    axes = figure.subplots()
    before = np.zeros(len(rows))
    parts = {
        "accepted and right": ("C0", lambda one: one["accepted"] - one["wrong"]),
        "accepted and wrong": ("C3", lambda one: one["wrong"]),
        "refused, right": ("C1", lambda one: one["right_and_refused"]),
        "refused, not right": ("0.8", lambda one: one["frames"] - one["accepted"] - one["right_and_refused"]),
    }
    for label, (colour, count) in parts.items():
        shares = np.array([100.0 * count(one) / one["frames"] for one in rows.values()])
        axes.barh(range(len(rows)), shares, left=before, color=colour, label=label)
        before += shares
    axes.set(xlabel="% of frames", xlim=(0, 100), yticks=range(len(rows)))
    axes.set_yticklabels([f"{name} ({one['frames']})" for name, one in rows.items()], fontsize=8)
    axes.invert_yaxis()
    axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, 1.08), ncols=4, frameon=False)
    return figure


def _risk(figure: Any, figures: dict[str, Any]) -> Any:
    """Draw which share of the answers is wrong against the share of frames that is answered."""
    axes = figure.subplots()
    curve, all_frames = np.array(figures["risk_curve"]).reshape(-1, 3), figures["all_but_wrong_camera"]
    axes.plot(100 * curve[:, 0], 100 * curve[:, 1], ".-", color="C0", label="confidence above a threshold")
    if all_frames["accepted"]:
        point = (all_frames["accepted"] / all_frames["frames"], all_frames["wrong"] / all_frames["accepted"])
        axes.plot(100 * point[0], 100 * point[1], "o", color="C3", label="TRACKING")
    axes.axvline(100 * all_frames["right"] / max(all_frames["frames"], 1), color="0.6", linestyle=":", label="right")
    axes.set(xlabel="frames answered, %", ylabel="of those wrong, %", xlim=(0, 100), ylim=(0, None))
    axes.set_title("all groups but wrong camera", fontsize=10)
    axes.legend(fontsize=8)
    return figure


def _reliability(figure: Any, figures: dict[str, Any]) -> Any:
    """Draw confidence against the share that is right, and stated against observed intervals."""
    sure, covered = figure.subplots(1, 2)
    bins = figures["confidence"]
    sure.plot([0, 1], [0, 1], color="0.7")
    sure.plot([one["confidence"] for one in bins], [one["right"] for one in bins], color="C0", linewidth=0.8)
    sizes = [12 + 4 * np.sqrt(one["count"]) for one in bins]
    sure.scatter([one["confidence"] for one in bins], [one["right"] for one in bins], sizes, color="C0")
    sure.set(xlabel="mean confidence", ylabel="share that is right", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    covered.plot([0, 1], [0, 1], color="0.7")
    for colour, (renderer, curves) in zip(("C0", "C1", "C2"), figures["sigma_curves"].items(), strict=False):
        for style, (kind, title) in zip(_STYLES, _KINDS.items(), strict=True):
            curve = np.array(curves[kind]).reshape(-1, 2)
            covered.plot(*curve.T, linestyle=style, color=colour, label=f"{title}, {renderer}")
    covered.set(xlabel="interval by the stated errors", ylabel="share of errors inside", xlim=(0, 1), ylim=(0, 1))
    covered.legend(fontsize=8)
    return figure


def _reasons(figure: Any, figures: dict[str, Any]) -> Any:
    """Draw how often each answer was given in each family, as a share of the family's frames."""
    table = figures["reasons"]
    said = sorted({one for counts in table.values() for one in counts}, key=lambda one: (one != "TRACKING", one))
    counts = np.array([[row.get(one, 0) for one in said] for row in table.values()], float)
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        if count:
            dark = shares[row, column] > 0.6
            axes.text(column, row, f"{count:.0f}", ha="center", va="center", fontsize=8, color="w" if dark else "k")
    axes.set(xticks=range(len(said)), yticks=range(len(table)))
    axes.set_xticklabels(said, rotation=25, ha="right", fontsize=8)
    axes.set_yticklabels(list(table), fontsize=8)
    return figure
