"""Tables of results for people; the numbers are those of the JSON."""

from typing import Any

from rich.box import SIMPLE
from rich.table import Table

__all__ = ["evaluation_tables", "facts_table", "latency_table", "load_table", "views_table"]


def facts_table(parts: dict[str, dict[str, Any]]) -> Table:
    """Return one column per part of the contract's JSON."""
    table = Table(title="accuracy (median / 90th percentile)")
    table.add_column("")
    for name in parts:
        table.add_column(name, justify="right")
    rows: list[tuple[str, Any]] = [
        ("trials", lambda f: str(f["trials"])),
        ("success (mTREproj < 1 % of size)", lambda f: f"{100 * f['success_rate']:.1f} %"),
        ("lost", lambda f: str(f["lost_frames"])),
        ("mTREproj, % of size", lambda f: _pair(f, "mtre_proj_mm", 100.0 / f["size_mm"])),
        ("mTREproj, mm", lambda f: _pair(f, "mtre_proj_mm")),
        ("3-D mTRE, mm", lambda f: _pair(f, "mtre_mm")),
        ("in-plane, mm", lambda f: _pair(f, "in_plane_mm")),
        ("depth, mm", lambda f: _pair(f, "depth_mm")),
        ("rotation, degrees", lambda f: _pair(f, "rotation_deg")),
        ("capture range, mm", lambda f: "-" if f["capture_range_mm"] is None else f"{f['capture_range_mm']:.1f}"),
    ]
    for title, value in rows:
        table.add_row(title, *(value(facts) for facts in parts.values()))
    return table


def evaluation_tables(case: str, figures: dict[str, Any]) -> list[Table]:
    """Return two tables of an evaluation's figures, a row per method: errors; capture range and time."""
    methods = {name: facts for name, facts in figures.items() if name != "run"}
    spreads = sorted({spread for facts in methods.values() for spread in facts["success_by_spread"]}, key=float)
    errors = _table(
        f"{case}: success (mTREproj < 1 % of size) in %; medians and RMSDproj, mm, degrees",
        ("method", "trials", "success", "proj %", "3-D", "in-plane", "depth", "rot.", "RMSD"),
    )
    reach = _table(
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
            *(_reached(facts, key) for key in ("capture_range_mm", "strict_capture_range_mm")),
            *(f"{times[key]:.0f}" if times else "-" for key in ("p50", "mean", "sd")),
            "-" if facts["cpu_ms"] is None else f"{facts['cpu_ms']['p50']:.0f}",
        )  # fmt: skip
    return [errors, reach]


def views_table(case: str, figures: dict[str, Any]) -> Table:
    """Return a row per angle, error of calibration and fault: two views beside one alone on the same trials."""
    heads = ("setting", "success", "3-D", "3-D p90", "depth", "less", "used", "time")
    title = f"{case}: two views | one alone; success: 3-D mTRE < 1.5 mm, %; medians, mm; time as a multiple"
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0))
    for head in heads:
        table.add_column(head, justify="left" if head == "setting" else "right", no_wrap=True)
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


def _table(title: str, heads: tuple[str, ...]) -> Table:
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0))
    for head in heads:
        table.add_column(head, justify="left" if head == "method" else "right", no_wrap=head == "method")
    return table


def _reached(facts: dict[str, Any], key: str) -> str:
    """Return a capture range, marked where no larger start was tried."""
    reached = facts[key]
    whole = reached is not None and reached >= facts["largest_start_mm"]
    return "-" if reached is None else f"{'>' if whole else ''}{reached:.1f}"


def latency_table(parts: dict[str, dict[str, Any]]) -> Table:
    """Return p50 and p99 per stage."""
    table = Table(title="latency, ms (p50 / p99)")
    table.add_column("stage")
    for name in parts:
        table.add_column(name, justify="right")
    stages = sorted({stage for facts in parts.values() for stage in facts["latency_ms"]})
    for stage in stages:
        cells = []
        for facts in parts.values():
            times = facts["latency_ms"].get(stage)
            cells.append("-" if times is None else f"{times['p50']:.2f} / {times['p99']:.2f}")
        table.add_row(stage, *cells)
    return table


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


def _pair(facts: dict[str, Any], key: str, scale: float = 1.0) -> str:
    return f"{scale * facts[key]['p50']:.3f} / {scale * facts[key]['p90']:.3f}"
