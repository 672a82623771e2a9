"""The table of sweeps; the numbers are those of the JSON."""

from typing import Any

from rich.table import Table

from fluoropose.cli.tables.dense import dense_table

__all__ = ["sweep_table"]


def sweep_table(case: str, figures: dict[str, Any]) -> Table:
    """Return a row per setting: depth of the last frame alone and of the window, and how true what is said of it is."""
    run = figures["run"]
    table = dense_table(
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
