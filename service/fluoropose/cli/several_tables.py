"""Tables of sweeps and of several objects for people; the numbers are those of the JSON."""

from typing import Any

from rich.box import SIMPLE
from rich.table import Table

__all__ = ["overlap_table", "sweep_table"]


def sweep_table(case: str, figures: dict[str, Any]) -> Table:
    """Return a row per setting: depth of the last frame alone and of the window, and how true what is said of it is."""
    run = figures["run"]
    table = _table(
        f"{case}: depth at the end of {figures['settings'][0]['runs']} sweeps in degrees, from a start "
        f"{run['start_depth_mm']:g} mm off; mm, median / 90th percentile",
        ("sweep", "taken as", "frames", "sides", "frame alone", "window", "said", "true/said", "us"),
    )
    for row in figures["settings"]:
        alone, window = row["alone"], row["smoothed"]
        what = f"{row['span_deg']:g}{', object moves' if row['drifts'] else ''}"
        table.add_row(
            what, row["motion"], str(row["frames"]), f"{row['views']:.1f}",
            *(f"{one['depth_mm']['p50']:.2f} / {one['depth_mm']['p90']:.2f}" for one in (alone, window)),
            f"{window['depth_sigma_mm']['p50']:.2f}", f"{window['calibration']:.2f}",
            f"{row['smoothing_us']['p50']:.0f}",
        )  # fmt: skip
    return table


def overlap_table(figures: dict[str, Any]) -> Table:
    """Return a row per set of objects, kind of start and method."""
    table = _table(
        "several objects in one frame: success (mTREproj < 1 % of size) in %; medians in mm and degrees",
        ("objects", "starts", "method", "trials", "success", "sure", "wrong", "proj %", "depth", "rot.", "time", "CPU"),
    )
    for row in figures["sets"]:
        for method in ("together", "as it is"):
            facts, times = row[method], row["time_ms"]
            together = method == "together"
            table.add_row(
                row["objects"], row["start"], method, str(facts["trials"]), f"{100 * facts['success_rate']:.1f}",
                f"{100 * facts['sure']:.1f}", f"{100 * facts['sure_and_wrong']:.1f}",
                f"{facts['mtre_proj_percent']['p50']:.2f}", f"{facts['depth_mm']['p50']:.2f}",
                f"{facts['rotation_deg']['p50']:.2f}",
                f"{times['ratio']:.2f} x one" if together else "", f"{times['cpu_ratio']:.2f} x" if together else "",
            )  # fmt: skip
    return table


def _table(title: str, heads: tuple[str, ...]) -> Table:
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0))
    for head in heads:
        words = head in ("sweep", "taken as", "objects", "starts", "method")
        table.add_column(head, justify="left" if words else "right", no_wrap=words)
    return table
