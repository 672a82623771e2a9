"""Write the tables of docs/measured/methods.md and wrist.md from the figures beside them, between the pages' marks.

Those of the wrist are the `figures.json` of `fluoropose evaluate real wrist`, kept as docs/measured/wrist/figures.json.

python docs/examples/evaluation_tables.py
"""

import json
from pathlib import Path

MEASURED = Path(__file__).resolve().parents[1] / "measured"
MARKS = "<!-- {} -->", "<!-- end of {} -->"
WRIST = ("in_plane_mm", "mtre_proj_mm", "depth_mm", "rotation_deg", "mtre_mm")
CASES = ("knee", "plate", "probe")
PICTURES = ("success-by-start-error", "error-percentiles", "success-by-sweeps")
COLUMNS = (
    "method", "starts", "success", "mTREproj, % of size: 10 / 25 / 50 / 75 / 90 %", "3-D mTRE", "in-plane", "depth",
    "rotation", "RMSDproj", "CPU time p50", "wall clock p50, mean ± sd",
)  # fmt: skip


def tables() -> str:
    """Return the tables of all cases."""
    return "\n".join(part for case in CASES for part in _case(case)).strip()


def _case(case: str) -> list[str]:
    path = MEASURED / "methods" / case / "figures.json"
    if not path.exists():
        return []
    figures = json.loads(path.read_text())
    run = figures.pop("run")
    methods = {name: facts for name, facts in figures.items() if not name.startswith("ours-sweeps-")}
    size = next(iter(methods.values()))["size_mm"]
    lines = [
        f"### {case.capitalize()}, {size:.0f} mm",
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "| --- " * len(COLUMNS) + "|",
    ]
    lines += [_main_row(name, facts) for name, facts in methods.items()]
    lines += [
        "",
        "| method | starts in all | success at 1 x | 2 x | 3 x | capture range | strict |",
        "| --- " * 7 + "|",
    ]
    lines += [_capture_row(name, facts) for name, facts in methods.items()]
    sweeps = [(int(name.split("-")[-1]), facts) for name, facts in figures.items() if name not in methods]
    if sweeps:
        cells = ", ".join(f"{count}: {100 * facts['success_rate']:.1f} %" for count, facts in sorted(sweeps))
        lines += ["", f"Success of ours by sweeps of the hierarchy: {cells}."]
    lines += ["", *_comparison(methods, figures.get("ours-sweeps-1"))]
    pictures = [
        f"methods/{case}/{name}.png" for name in PICTURES if (MEASURED / "methods" / case / f"{name}.png").exists()
    ]
    lines += ["", " ".join(f"![{Path(picture).stem}]({picture})" for picture in pictures), ""]
    return [
        *lines,
        f"Seed {run['seed']}, {run['frames']} frames, {run['machine']}, figures at commit {run['commit']}.",
        "",
    ]


def _comparison(methods: dict[str, dict], short: dict | None) -> list[str]:
    """Return ours, and its `short` form of one sweep, against the paper's best and the fastest that mostly succeeds."""
    if not {"ours", "powell-mi-gc"} <= set(methods):
        return []
    ours, best = methods["ours"], methods["powell-mi-gc"]
    parts = []
    for key, title in (("capture_range_mm", "capture range"), ("strict_capture_range_mm", "strict capture range")):
        if ours[key] and best[key]:
            least = "at least " if ours[key] >= ours["largest_start_mm"] else ""
            parts.append(f"{title} {least}{ours[key] / best[key]:.1f} times")
    able = {name: f for name, f in methods.items() if name.startswith(("powell", "cma")) and f["success_rate"] >= 0.95}
    lines = [f"Ours against `powell-mi-gc`: {', '.join(parts)}."] if parts else []
    if able:
        name = min(able, key=lambda item: able[item]["cpu_ms"]["p50"])
        times = able[name]["cpu_ms"]["p50"] / ours["cpu_ms"]["p50"]
        lines.append(f"Against `{name}`, the fastest intensity-based one with 95 % success: {times:.0f} times as fast.")
        if short:
            lines[-1] = (
                f"{lines[-1][:-1]};\nwith one sweep, {100 * short['success_rate']:.1f} % and "
                f"{100 * short['mtre_proj_mm']['p50'] / short['size_mm']:.2f} % of size, "
                f"{able[name]['cpu_ms']['p50'] / short['cpu_ms']['p50']:.0f} times."
            )
    return lines


def _main_row(name: str, facts: dict) -> str:
    share = [f"{100 * facts['mtre_proj_mm'][p] / facts['size_mm']:.2f}" for p in ("p10", "p25", "p50", "p75", "p90")]
    medians = [f"{facts[key]['p50']:.2f}" for key in ("mtre_mm", "in_plane_mm", "depth_mm", "rotation_deg")]
    time = facts["time_ms"]
    spent = f"{_ms(time['p50'])}, {_ms(time['mean'])} ± {_ms(time['sd'])}" if time else "-"
    own = _ms(facts["cpu_ms"]["p50"]) if facts["cpu_ms"] else "-"
    precision = "-" if facts["rmsd_proj_mm"] is None else f"{facts['rmsd_proj_mm']:.2f} mm"
    cells = [
        name,
        str(facts["trials"]),
        f"{100 * facts['success_rate']:.1f} %",
        " / ".join(share),
        *medians,
        precision,
        own,
        spent,
    ]
    return "| " + " | ".join(cells) + " |"


def _capture_row(name: str, facts: dict) -> str:
    by_spread = [
        f"{100 * facts['success_by_spread'][k]:.1f} %" if k in facts["success_by_spread"] else "-"
        for k in ("1", "2", "3")
    ]
    cells = [name, str(sum(facts["trials_by_spread"].values())), *by_spread]
    for key in ("capture_range_mm", "strict_capture_range_mm"):
        reached = facts[key]
        whole = reached is not None and reached >= facts["largest_start_mm"]
        cells.append("-" if reached is None else f"{'at least ' if whole else ''}{reached:.1f} mm")
    return "| " + " | ".join(cells) + " |"


def _ms(value: float) -> str:
    return f"{value / 1000:.1f} s" if value >= 1000 else f"{value:.0f} ms"


def wrist_table() -> str:
    """Return the table of the real frames."""
    path = MEASURED / "wrist" / "figures.json"
    if not path.exists():
        return ""
    lines = [
        "| frame | method | starts | within 1 mm in-plane | in-plane | mTREproj | depth | rotation | 3-D mTRE "
        "| within 1 mm at 2 x, 3 x | capture range | on the same starts |",
        "| --- " * 12 + "|",
    ]
    for frame, methods in json.loads(path.read_text()).items():
        for name, facts in methods.items():
            ends = [facts[key] if name.startswith("ceiling") else facts[key]["p50"] for key in WRIST]
            values = [f"{value:.2f}" for value in ends]
            counts, reach = ["", ""], ["", "", ""]
            if not name.startswith("ceiling"):
                counts = [str(facts["trials"]), f"{100 * facts['within_1_mm_in_plane']:.0f} %"]
                wide = [
                    f"{100 * share:.0f}" for spread, share in facts["within_1_mm_by_spread"].items() if spread != "1"
                ]
                ranges = [facts.get(key, 0.0) for key in ("capture_range_mm", "capture_range_same_starts_mm")]
                words = ["-" if r is None else f"{r:.1f}" if r else "" for r in ranges]
                reach = [", ".join(wide) + " %" if wide else "", *words]
            lines.append("| " + " | ".join([frame.replace("_", " "), name, *counts, *values, *reach]) + " |")
    return "\n".join(lines)


def pages() -> dict[Path, str]:
    """Return what each page must be: its text as it is, with the tables of the figures."""
    tables_of = {"methods.md": ("tables", tables()), "wrist.md": ("wrist", wrist_table())}
    return {MEASURED / name: _replaced(MEASURED / name, *table) for name, table in tables_of.items()}


def _replaced(path: Path, name: str, table: str) -> str:
    begin, end = (mark.format(name) for mark in MARKS)
    before, rest = path.read_text().split(begin)
    return f"{before}{begin}\n\n{table}\n\n{end}{rest.split(end)[1]}"


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text)
