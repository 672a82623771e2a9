"""The table of `bench fleet`."""

from typing import Any

from rich.table import Table

__all__ = ["fleet_table"]


def fleet_table(figures: dict[str, Any]) -> Table:
    """Return what was measured beside what is to be reached."""
    opened, alone, quiet, killed = (figures[name] for name in ("openings", "alone", "fleet", "killed"))
    table = Table("figure", "measured", "to reach", title=f"a fleet on {figures['machine']}")
    rows = [
        ("opening, case resident, p50 / p99", _pair(opened["resident_ms"], "ms"), "20 ms"),
        ("opening, case loaded, p50 / p99", _pair(opened["loaded_ms"], "ms"), "1500 ms"),
        ("age of frames on one server, p50 / p99", _pair(alone["age_ms"], "ms"), ""),
        ("age of frames on the fleet, p50 / p99", _pair(quiet["age_ms"], "ms"), "p99 at most 1 ms more"),
        ("sessions of the killed worker sure again after", f"{max(killed['gaps_s'], default=0.0):.2f} s", "2 s"),
        ("others' frames after that, p50 / p99", _pair(killed["others_after_ms"], "ms"), "as before"),
        ("others' frames before that, p50 / p99", _pair(killed["before_ms"], "ms"), ""),
        ("others' sessions opened again", str(killed["others_reconnects"]), "0"),
        ("frames sent / answered", f"{killed['frames_sent']} / {killed['frames_answered']}", "equal"),
        ("books add up", "yes" if killed["books_add_up"] else "no", "yes"),
    ]
    for row in rows:
        table.add_row(*row)
    return table


def _pair(values: dict[str, float], unit: str) -> str:
    return f"{values['p50']:.1f} / {values['p99']:.1f} {unit}"
