"""The table of the stress set: one row per group, and all but the wrong camera together."""

from typing import Any

from rich.table import Table

__all__ = ["coverage_table", "trust_table"]


def trust_table(figures: dict[str, Any]) -> Table:
    """Return the counts of `evaluation.trust.run.evaluate_trust`."""
    table = Table(title="stress set: what was accepted, and what was right")
    for title in ("group", "frames", "accepted", "accepted and wrong", "right", "right and refused", "lost"):
        table.add_column(title, justify="left" if title == "group" else "right")
    for name, facts in figures["groups"].items():
        table.add_row(name, *_counts(facts))
    table.add_section()
    table.add_row("all but wrong camera", *_counts(figures["all_but_wrong_camera"]))
    return table


def coverage_table(figures: dict[str, Any]) -> Table:
    """Return which shares of errors lie within 1 and 1.645 stated deviations."""
    table = Table(title="errors within 1 / 1.645 stated deviations (right: 68 / 90 %)")
    for title in ("frames of", "count", "in plane", "depth", "rotation"):
        table.add_column(title, justify="left" if title == "frames of" else "right")
    for name, facts in figures["coverage"].items():
        shares = [
            "" if one is None else f"{100 * one['one_sigma']:.0f} / {100 * one['interval_90']:.0f} %"
            for one in facts["stated"].values()
        ]
        table.add_row(name, str(facts["frames"]), *shares)
    return table


def _counts(facts: dict[str, Any]) -> list[str]:
    names = ("frames", "accepted", "wrong", "right", "right_and_refused", "lost")
    return [str(facts[name]) for name in names]
