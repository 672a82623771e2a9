"""The plot of the universal networks: success and error of every object. matplotlib is the extra `evaluate`."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from fluoropose.evaluation.extras import require_extra
from fluoropose.io.pictures import save_drawing

__all__ = ["universal_plotter"]


def universal_plotter() -> Callable[[Path, dict[str, Any]], None]:
    """Return what draws the figures of `evaluation.universal.run` into a file; InputError without matplotlib."""
    with require_extra("evaluate", "for plots"):
        from matplotlib.figure import Figure

    def draw(path: Path, figures: dict[str, Any]) -> None:
        rows = figures["objects"]
        names = [f"{facts['object']} ({facts['size_mm']:.0f} mm)" for facts in rows]
        figure = Figure(figsize=(9.0, 0.28 * len(rows) + 1.2), layout="constrained")
        success, error = figure.subplots(1, 2, sharey=True)
        success.barh(range(len(rows)), [100 * facts["success_rate"] for facts in rows], color="C0")
        success.axvline(99.0, color="0.4", linestyle=":")
        success.set(xlabel="success, %", xlim=(90, 100.3), yticks=range(len(rows)))
        success.set_yticklabels(names, fontsize=8)
        success.invert_yaxis()
        share = [100.0 / facts["size_mm"] for facts in rows]
        medians = [one * facts["mtre_proj_mm"]["p50"] for one, facts in zip(share, rows, strict=True)]
        tails = [one * facts["mtre_proj_mm"]["p90"] for one, facts in zip(share, rows, strict=True)]
        error.plot(medians, range(len(rows)), "o", color="C0", label="median")
        error.plot(tails, range(len(rows)), "|", color="C1", markersize=10, label="90th percentile")
        error.set(xlabel="mTREproj, % of size", xlim=(0, None))
        error.legend(fontsize=8)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_drawing(path, partial(figure.savefig, format="png", dpi=110))

    return draw
