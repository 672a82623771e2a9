"""The tables of the stress set in Markdown, from its figures, and their place on a page. Pure but for that file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fluoropose.errors import InputError
from fluoropose.io.files import write_file

__all__ = ["BEGIN", "END", "trust_tables", "write_tables"]

BEGIN, END = "<!-- trust -->", "<!-- end of trust -->"

_COUNTS = ("frames", "accepted", "accepted and wrong", "right", "right and refused", "mTREproj of right ones, mm")
_KINDS = {"in_plane": "in the plane", "depth": "depth", "rotation": "rotation"}


def trust_tables(figures: dict[str, Any]) -> str:
    """Return all tables: groups, visible shares, coverage, reasons, and what was accepted and wrong."""
    rows = [[name, *_counts(facts)] for name, facts in figures["groups"].items()]
    rows.append(["**all but wrong camera**", *_counts(figures["all_but_wrong_camera"])])
    visible = [
        [f"{100 * one['from']:.0f} to {100 * one['to']:.0f} %", *_counts(one)] for one in figures["visible"]
    ]  # fmt: skip
    reasons = [
        [family, said, str(count)] for family, counts in figures["reasons"].items() for said, count in counts.items()
    ]
    wrong = [
        [
            f"`{one['frame']}`",
            one["renderer"],
            one["condition"],
            f"{one['confidence']:.3f}",
            _error(one["mtre_proj_mm"]),
        ]
        for one in figures["wrong"]
    ]
    run = figures["run"]
    objects = ", ".join(run["objects"])
    parts = [
        f"Objects: {objects}; seed {run['seed']}; commit {run['commit'] or 'unknown'}; "
        f"{sum(facts['frames'] for facts in figures['groups'].values())} frames.",
        _table(("group", *_COUNTS), rows),
        "By the share of the object that covered frames show:",
        _table(("visible", *_COUNTS), visible),
        "Errors within 1 and 1.645 stated deviations (68 and 90 % are right), of accepted frames:",
        _table(
            ("frames of", "count", *(f"{title}" for title in _KINDS.values()), "by the equations alone"),
            _covered(figures),
        ),
        "What was said:",
        _table(("family", "answer", "frames"), reasons),
        "Accepted and wrong, all but wrong camera:" if wrong else "None was accepted and wrong, but for wrong camera.",
        _table(("frame", "renderer", "condition", "confidence", "mTREproj, mm"), wrong) if wrong else "",
    ]
    return "\n\n".join(part for part in parts if part)


def write_tables(page: Path, figures: dict[str, Any]) -> None:
    """Put the tables between the marks of a page.

    Raises
    ------
    InputError
        If the page is not there or lacks a mark.
    """
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    head, begun, rest = text.partition(BEGIN)
    _, ended, tail = rest.partition(END)
    if not (begun and ended):
        raise InputError(f"expected a page with {BEGIN} and {END}, got {page}")
    whole = f"{head}{BEGIN}\n\n{trust_tables(figures)}\n\n{END}{tail}"
    write_file(page, lambda part: part.write_text(whole, encoding="utf-8"))


def _counts(facts: dict[str, Any]) -> list[str]:
    error = facts["mtre_proj_mm"]
    return [
        str(facts["frames"]), str(facts["accepted"]), str(facts["wrong"]), str(facts["right"]),
        str(facts["right_and_refused"]), "" if error is None else f"{error['p50']:.2f} / {error['p90']:.2f}",
    ]  # fmt: skip


def _covered(figures: dict[str, Any]) -> list[list[str]]:
    """Return a row per renderer, of good frames and of the wrong camera."""
    rows = []
    for name, facts in figures["coverage"].items():
        by_equations = ", ".join(_shares(facts["raw"][kind]) for kind in _KINDS)
        rows.append([name, str(facts["frames"]), *(_shares(facts["stated"][kind]) for kind in _KINDS), by_equations])
    return rows


def _shares(facts: dict[str, float] | None) -> str:
    return "" if facts is None else f"{100 * facts['one_sigma']:.0f} / {100 * facts['interval_90']:.0f} %"


def _error(value: float | None) -> str:
    return "no such pose" if value is None else f"{value:.2f}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in (heads, ["---"] * len(heads), *rows))
