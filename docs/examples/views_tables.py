"""Write the tables of docs/measured/two-views.md from the figures beside it, between the page's marks.

python docs/examples/views_tables.py
"""

import json
from pathlib import Path

MEASURED = Path(__file__).resolve().parents[1] / "measured"
PAGE = MEASURED / "two-views.md"
CASES = ("plate", "knee", "probe", "wide/probe")
BEYOND = (
    "object", "atlas", "angle", "instants beyond it in some view", "by at most", "success of all, exact | 0.2 | 0.5",
    "of those inside",
)  # fmt: skip
COLUMNS = (
    "angle", "calibration, mm and °", "fault", "success", "3-D mTRE p50", "p90", "depth p50", "depth less", "rotation",
    "used",
)  # fmt: skip


def tables() -> str:
    """Return a table per case that has figures."""
    paths = [MEASURED / "two-views" / case / "views.json" for case in CASES]
    found = [json.loads(path.read_text()) for path in paths if path.exists()]
    return "\n\n".join([*(_case(figures) for figures in found), _beyond(found)])


def pages() -> dict[Path, str]:
    """Return what the page must be: its text as it is, with the tables of the figures."""
    head, rest = PAGE.read_text().split("<!-- views -->", 1)
    _, tail = rest.split("<!-- end of views -->", 1)
    return {PAGE: f"{head}<!-- views -->\n{tables()}\n<!-- end of views -->{tail}"}


def _case(figures: dict) -> str:
    run = figures["run"]
    title = (
        f"### {run['case'].capitalize()}, {run['size_mm']:.0f} mm, atlas of ±{run['reach_deg'][0]:g}°: "
        f"{run['starts']} starts on {run['frames']} instants"
    )
    lines = [COLUMNS, ["---"] * len(COLUMNS), *(_row(row) for row in figures["settings"])]
    return "\n".join([title, "", *("| " + " | ".join(line) + " |" for line in lines)])


def _beyond(found: list[dict]) -> str:
    """Return the table of instants that the atlas does not cover, and the success of two views without them."""
    lines = [[cell.replace("|", "\\|") for cell in BEYOND], ["---"] * len(BEYOND)]
    for figures in found:
        run = figures["run"]
        for angle in dict.fromkeys(row["angle_deg"] for row in figures["settings"]):
            rows = [row for row in figures["settings"] if row["angle_deg"] == angle and row["fault"] == "none"]
            beyond = rows[0]["beyond"]
            shares = (
                [row["together"]["success_rate"] for row in rows],
                [row["beyond"]["success_rate_inside_together"] for row in rows],
            )
            cells = [" \\| ".join(f"{100 * share:.0f}" for share in some) + " %" for some in shares]
            lines.append([
                run["case"], f"±{run['reach_deg'][0]:g}°", f"{angle:g}°",
                f"{beyond['outside']} of {beyond['instants']}", f"{beyond['most_deg']:.1f}°", *cells,
            ])  # fmt: skip
    return "\n".join(["### Instants that the atlas does not cover", "", *("| " + " | ".join(c) + " |" for c in lines)])


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
    for path, text in pages().items():
        path.write_text(text)
