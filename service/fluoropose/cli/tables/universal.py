"""The table of the universal networks: one row per object, and all together."""

from typing import Any

from rich.table import Table

__all__ = ["universal_table"]


def universal_table(figures: dict[str, Any]) -> Table:
    """Return the rows of `evaluation.universal.run.measure_objects`."""
    table = Table(title="objects that no training saw: starts as wrong as the paper's")
    for title in (
        "object",
        "kind",
        "size, mm",
        "success",
        "sure and wrong",
        "mTREproj, % of size",
        "3-D mTRE, mm",
        "ms",
    ):
        table.add_column(title, justify="left" if title in ("object", "kind") else "right")
    for facts in figures["objects"]:
        share = 100.0 / facts["size_mm"]
        table.add_row(
            facts["object"], facts["kind"], f"{facts['size_mm']:.0f}", f"{100 * facts['success_rate']:.1f} %",
            str(facts["sure_and_wrong"]),
            f"{share * facts['mtre_proj_mm']['p50']:.3f} / {share * facts['mtre_proj_mm']['p90']:.3f}",
            f"{facts['mtre_mm']['p50']:.2f}", f"{facts['latency_ms']['total']['p50']:.1f}",
        )  # fmt: skip
    table.add_section()
    table.add_row("all", "", "", f"{100 * figures['success_rate']:.2f} %", str(figures["sure_and_wrong"]), "", "", "")
    return table
