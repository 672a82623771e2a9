"""Tables of accuracy and latency; the numbers are those of the JSON."""

from typing import Any

from rich.table import Table

__all__ = ["facts_table", "latency_table"]


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


def _pair(facts: dict[str, Any], key: str, scale: float = 1.0) -> str:
    return f"{scale * facts[key]['p50']:.3f} / {scale * facts[key]['p90']:.3f}"
