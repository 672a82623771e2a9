"""Write the tables of docs/measured/sweeps.md and objects.md from the figures beside them, between the pages' marks.

python docs/examples/several_tables.py
"""

import json
from pathlib import Path

MEASURED = Path(__file__).resolve().parents[1] / "measured"
SWEEP_COLUMNS = (
    "object", "C-arm", "taken as", "frames", "sides", "depth error, last frame alone", "of the window", "said",
    "true / said", "us per frame",
)  # fmt: skip
OBJECT_COLUMNS = (
    "objects", "starts", "method", "success", "sure", "sure and wrong", "mTREproj, % of size, p50 / p90", "depth",
    "rotation", "time over one, wall / CPU",
)  # fmt: skip


def sweep_table() -> str:
    """Return a row per object, sweep and motion."""
    rows = []
    for path in sorted((MEASURED / "sweeps").glob("*/sweeps.json")):
        settings = json.loads(path.read_text())["settings"]
        rows += [_sweep(path.parent.name, row) for row in sorted(settings, key=_order)]
    return _table(SWEEP_COLUMNS, rows)


def object_table() -> str:
    """Return a row per set of objects, kind of start and method."""
    figures = json.loads((MEASURED / "objects" / "objects.json").read_text())
    return _table(
        OBJECT_COLUMNS, [_objects(row, method) for row in figures["sets"] for method in ("together", "as it is")]
    )


def pages() -> dict[Path, str]:
    """Return what each page must be: its text as it is, with the tables of the figures."""
    tables = {"sweeps": sweep_table(), "objects": object_table()}
    return {MEASURED / f"{name}.md": _replaced(name, table) for name, table in tables.items()}


def _replaced(name: str, table: str) -> str:
    head, rest = (MEASURED / f"{name}.md").read_text().split(f"<!-- {name} -->", 1)
    _, tail = rest.split(f"<!-- end of {name} -->", 1)
    return f"{head}<!-- {name} -->\n{table}\n<!-- end of {name} -->{tail}"


def _order(row: dict) -> tuple:
    return row["drifts"], row["span_deg"], row["motion"] != "still"


def _sweep(case: str, row: dict) -> list[str]:
    turn = "at rest" if row["span_deg"] == 0 else f"{row['span_deg']:g} degrees"
    ends = [
        f"{one['depth_mm']['p50']:.2f}, worst {one['depth_mm']['worst']:.2f}" for one in (row["alone"], row["smoothed"])
    ]
    window = row["smoothed"]
    return [
        case, turn + (", object moves" if row["drifts"] else ""), row["motion"], str(row["frames"]),
        f"{row['views']:.1f}", *ends, f"{window['depth_sigma_mm']['p50']:.2f}", f"{window['calibration']:.2f}",
        f"{row['smoothing_us']['p50']:.0f}",
    ]  # fmt: skip


def _objects(row: dict, method: str) -> list[str]:
    facts, times = row[method], row["time_ms"]
    share = facts["mtre_proj_percent"]
    return [
        row["objects"], row["start"], method, f"{100 * facts['success_rate']:.1f} %", f"{100 * facts['sure']:.1f} %",
        f"{100 * facts['sure_and_wrong']:.1f} %", f"{share['p50']:.2f} / {share['p90']:.2f}",
        f"{facts['depth_mm']['p50']:.2f}", f"{facts['rotation_deg']['p50']:.2f}",
        f"{times['ratio']:.2f} / {times['cpu_ratio']:.2f}" if method == "together" else "",
    ]  # fmt: skip


def _table(heads: tuple[str, ...], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text)
