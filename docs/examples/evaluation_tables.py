"""Writes the tables of docs/evaluation.md from the figures in docs/evaluation/, between the page's two marks.

python docs/examples/evaluation_tables.py
"""

import json
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1]
PAGE = DOCS / "evaluation.md"
BEGIN, END = "<!-- tables -->", "<!-- end of tables -->"
CASES = ("knee", "plate", "probe")
COLUMNS = (
    "method", "starts", "success", "mTREproj, % of size: 10 / 25 / 50 / 75 / 90 %", "3-D mTRE", "in-plane", "depth",
    "rotation", "RMSDproj", "time p50, mean ± sd",
)  # fmt: skip


def tables() -> str:
    """Return the tables of all cases."""
    return "\n".join(part for case in CASES for part in _case(case))


def _case(case: str) -> list[str]:
    path = DOCS / "evaluation" / case / "figures.json"
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
    pictures = ("success-by-start-error", "error-percentiles", "success-by-sweeps")
    lines += ["", " ".join(f"![{name}](evaluation/{case}/{name}.png)" for name in pictures), ""]
    return [
        *lines,
        f"Seed {run['seed']}, {run['frames']} frames, {run['machine']}, figures at commit {run['commit']}.",
        "",
    ]


def _main_row(name: str, facts: dict) -> str:
    share = [f"{100 * facts['mtre_proj_mm'][p] / facts['size_mm']:.2f}" for p in ("p10", "p25", "p50", "p75", "p90")]
    medians = [f"{facts[key]['p50']:.2f}" for key in ("mtre_mm", "in_plane_mm", "depth_mm", "rotation_deg")]
    time = facts["time_ms"]
    spent = f"{_ms(time['p50'])}, {_ms(time['mean'])} ± {_ms(time['sd'])}" if time else "-"
    precision = "-" if facts["rmsd_proj_mm"] is None else f"{facts['rmsd_proj_mm']:.2f} mm"
    cells = [
        name,
        str(facts["trials"]),
        f"{100 * facts['success_rate']:.1f} %",
        " / ".join(share),
        *medians,
        precision,
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


def page(text: str) -> str:
    """Return the page with its tables replaced."""
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{tables()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
