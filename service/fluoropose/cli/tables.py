"""Tables of results for people; the numbers are those of the JSON."""

from typing import Any

from rich.box import SIMPLE
from rich.table import Table

__all__ = ["evaluation_table", "facts_table", "latency_table"]


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


def evaluation_table(case: str, figures: dict[str, Any]) -> Table:
    """Return one row per method of an evaluation's figures."""
    title = f"{case}: success (mTREproj < 1 % of size), medians in mm and degrees, capture range (strict), time"
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0))
    for head in (
        "method",
        "trials",
        "success",
        "proj %",
        "3-D",
        "in-plane",
        "depth",
        "rot.",
        "capture",
        "ms",
        "CPU ms",
    ):
        table.add_column(head, justify="left" if head == "method" else "right", no_wrap=True)
    for name, facts in figures.items():
        if name == "run":
            continue
        table.add_row(
            name, str(facts["trials"]), f"{100 * facts['success_rate']:.1f} %",
            f"{100 * facts['mtre_proj_mm']['p50'] / facts['size_mm']:.2f}",
            *(f"{facts[key]['p50']:.2f}" for key in ("mtre_mm", "in_plane_mm", "depth_mm", "rotation_deg")),
            _capture(facts),
            *("-" if facts[key] is None else f"{facts[key]['p50']:.0f}" for key in ("time_ms", "cpu_ms")),
        )  # fmt: skip
    return table


def _capture(facts: dict[str, Any]) -> str:
    """Return the capture range and the strict one, marked where no larger start was tried."""
    texts = []
    for key in ("capture_range_mm", "strict_capture_range_mm"):
        reached = facts[key]
        whole = reached is not None and reached >= facts["largest_start_mm"]
        texts.append("-" if reached is None else f"{'>' if whole else ''}{reached:.1f}")
    return f"{texts[0]} ({texts[1]})"


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
