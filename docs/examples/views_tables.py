"""Writes the tables of docs/views.md from the figures in docs/evaluation-views, between the page's marks.

python docs/examples/views_tables.py
"""

import json
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1]
PAGE = DOCS / "views.md"
CASES = ("plate", "knee", "probe")
COLUMNS = (
    "angle", "calibration, mm and °", "fault", "success", "3-D mTRE p50", "p90", "depth p50", "depth less", "rotation",
    "used",
)  # fmt: skip


def tables() -> str:
    """Return a table per case that has figures."""
    paths = [DOCS / "evaluation-views" / case / "views.json" for case in CASES]
    return "\n\n".join(_case(json.loads(path.read_text())) for path in paths if path.exists())


def page(text: str) -> str:
    """Return the page with its tables replaced."""
    head, rest = text.split("<!-- views -->", 1)
    _, tail = rest.split("<!-- end of views -->", 1)
    return f"{head}<!-- views -->\n{tables()}\n<!-- end of views -->{tail}"


def _case(figures: dict) -> str:
    run = figures["run"]
    title = (
        f"### {run['case'].capitalize()}, {run['size_mm']:.0f} mm: {run['starts']} starts on {run['frames']} instants"
    )
    lines = [COLUMNS, ["---"] * len(COLUMNS), *(_row(row) for row in figures["settings"])]
    return "\n".join([title, "", *("| " + " | ".join(line) + " |" for line in lines)])


def _row(row: dict) -> list[str]:
    """Return a setting's cells: two views | one alone."""
    both, one = row["together"], row["alone"]

    def pair(key: str, share: str) -> str:
        return f"{both[key][share]:.2f} \\| {one[key][share]:.2f}"

    return [
        f"{row['angle_deg']:g}°", f"{row['calibration']:g}", "" if row["fault"] == "none" else row["fault"],
        f"{100 * both['success_rate']:.0f} \\| {100 * one['success_rate']:.0f} %", f"{pair('mtre_mm', 'p50')} mm",
        pair("mtre_mm", "p90"), pair("depth_mm", "p50"), f"{row['depth_ratio']:.1f} x",
        f"{pair('rotation_deg', 'p50')}°", f"{100 * row['both_used']:.0f} %",
    ]  # fmt: skip


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
