"""Tables of PEHL as published; the numbers are those of the JSON."""

from typing import Any

from rich.table import Table

from fluoropose.evaluation.published.held_out import TABLE_2

__all__ = ["published_table", "rmse_table"]

_HEADS = ("model, comparison", "sweeps", "trials", "success", "mTREproj, % of size", "3-D mTRE, mm", "depth, mm")
_PARAMETERS = ("t_x mm", "t_y mm", "t_z mm", "t_theta deg", "t_alpha deg", "t_beta deg")


def published_table(figures: dict[str, Any]) -> Table:
    """Return one row per model, comparison and sweep."""
    table = Table(title="PEHL as published (medians / 90th percentiles)")
    for head in _HEADS:
        table.add_column(head)
    for name, by_sweep in figures["figures"].items():
        for sweep, facts in by_sweep.items():
            share = 100.0 / facts["size_mm"]
            proj = f"{share * facts['mtre_proj_mm']['p50']:.2f} / {share * facts['mtre_proj_mm']['p90']:.2f}"
            table.add_row(
                name, sweep, str(facts["trials"]), f"{100 * facts['success_rate']:.1f} %", proj,
                *(f"{facts[key]['p50']:.2f} / {facts[key]['p90']:.2f}" for key in ("mtre_mm", "depth_mm")),
            )  # fmt: skip
    return table


def rmse_table(figures: dict[str, Any]) -> Table:
    """Return Table II with the paper's figures under those measured."""
    table = Table(title=f"RMSE on {figures['count']} held-out pictures of training type, {figures['sweeps']} sweeps")
    table.add_column("")
    for head in _PARAMETERS:
        table.add_column(head, justify="right")
    for name, values in {**figures["rmse"], **TABLE_2}.items():
        table.add_row(name, *(f"{value:.2f}" for value in values))
    return table
