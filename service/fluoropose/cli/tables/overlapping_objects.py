"""The table of several objects in one frame; the numbers are those of the JSON."""

from typing import Any

from rich.table import Table

from fluoropose.cli.tables.dense import dense_table

__all__ = ["overlap_table"]


def overlap_table(figures: dict[str, Any]) -> Table:
    """Return a row per set of objects, kind of start and method."""
    table = dense_table(
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
