"""Tables of a comparison of methods; the numbers are those of the JSON."""

from typing import Any

from rich.table import Table

from fluoropose.cli.tables.dense import dense_table

__all__ = ["evaluation_tables"]


def evaluation_tables(case: str, figures: dict[str, Any]) -> list[Table]:
    """Return two tables of an evaluation's figures, a row per method: errors; capture range and time."""
    methods = {name: facts for name, facts in figures.items() if name != "run"}
    spreads = sorted({spread for facts in methods.values() for spread in facts["success_by_spread"]}, key=float)
    errors = dense_table(
        f"{case}: success (mTREproj < 1 % of size) in %; medians and RMSDproj, mm, degrees",
        ("method", "trials", "success", "proj %", "3-D", "in-plane", "depth", "rot.", "RMSD"),
    )
    reach = dense_table(
        f"{case}: success in % by start errors over the paper's; capture range, mm; time, ms",
        ("method", *(f"{spread} x" for spread in spreads), "capture", "strict", "p50", "mean", "sd", "CPU p50"),
    )
    for name, facts in methods.items():
        precision = facts["rmsd_proj_mm"]
        errors.add_row(
            name, str(facts["trials"]), f"{100 * facts['success_rate']:.1f}",
            f"{100 * facts['mtre_proj_mm']['p50'] / facts['size_mm']:.2f}",
            *(f"{facts[key]['p50']:.2f}" for key in ("mtre_mm", "in_plane_mm", "depth_mm", "rotation_deg")),
            "-" if precision is None else f"{precision:.2f}",
        )  # fmt: skip
        shares = {spread: f"{100 * share:.1f}" for spread, share in facts["success_by_spread"].items()}
        times = facts["time_ms"] or {}
        reach.add_row(
            name, *(shares.get(spread, "-") for spread in spreads),
            *(_capture_range(facts, key) for key in ("capture_range_mm", "strict_capture_range_mm")),
            *(f"{times[key]:.0f}" if times else "-" for key in ("p50", "mean", "sd")),
            "-" if facts["cpu_ms"] is None else f"{facts['cpu_ms']['p50']:.0f}",
        )  # fmt: skip
    return [errors, reach]


def _capture_range(facts: dict[str, Any], key: str) -> str:
    """Return a capture range, marked where no larger start was tried."""
    reached = facts[key]
    whole = reached is not None and reached >= facts["largest_start_mm"]
    return "-" if reached is None else f"{'>' if whole else ''}{reached:.1f}"
