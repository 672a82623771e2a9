"""The table of two views beside one; the numbers are those of the JSON."""

from typing import Any

from rich.table import Table

from fluoropose.cli.tables.dense import dense_table

__all__ = ["views_table"]


def views_table(case: str, figures: dict[str, Any]) -> Table:
    """Return a row per angle, error of calibration and fault: two views beside one alone on the same trials."""
    heads = ("setting", "success", "3-D", "3-D p90", "depth", "less", "used", "time")
    title = f"{case}: two views | one alone; success: 3-D mTRE < 1.5 mm, %; medians, mm; time as a multiple"
    table = dense_table(title, heads)
    for row in figures["settings"]:
        both, one = row["together"], row["alone"]
        what = f"error {row['calibration']:g}" if row["fault"] == "none" else row["fault"]
        table.add_row(
            f"{row['angle_deg']:g}° {what}", f"{100 * both['success_rate']:.0f}|{100 * one['success_rate']:.0f}",
            *(
                f"{both[key][share]:.2f}|{one[key][share]:.2f}"
                for key, share in (("mtre_mm", "p50"), ("mtre_mm", "p90"), ("depth_mm", "p50"))
            ),
            f"{row['depth_ratio']:.1f} x", f"{100 * row['both_used']:.0f} %", f"{row['time_ms']['ratio']:.2f}",
        )  # fmt: skip
    return table
