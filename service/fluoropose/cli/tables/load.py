"""The table of loads; the numbers are those of the JSON."""

from typing import Any

from rich.table import Table

__all__ = ["load_table"]


def load_table(rows: list[dict[str, Any]]) -> Table:
    """Return one row per load."""
    table = Table(title="load")
    names = ("load", "received", "answered", "dropped", "age p50", "p95", "p99", "max ms", "CPU", "memory MB")
    for name in names:
        table.add_column(name, justify="right")
    for row in rows:
        age = row["frame_age_ms"]
        dropped = ", ".join(f"{reason} {count}" for reason, count in row["dropped"].items()) or "0"
        name = f"{row['transport']} {row['sessions']} x {row['fps']:g}"
        table.add_row(
            name, str(row["received"]), str(row["answered"]), dropped,
            *(f"{age[key]:.1f}" for key in ("p50", "p95", "p99", "max")), f"{row['server_cpu_cores']:.2f}",
            f"{row['server_memory_mb']:.0f}",
        )  # fmt: skip
    return table
