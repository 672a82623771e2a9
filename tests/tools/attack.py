"""Runs every attack of tests/attacks for some minutes and, with --security, writes the table of SECURITY.md.

Example: python tests/tools/attack.py --minutes 10 --json attacks.json --security SECURITY.md
"""

import argparse
import json
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.evaluation.server_process import server_process
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.io.bundles import shipped_models_root
from fluoropose.io.cases import load_case
from fluoropose.serving.api_keys import add_key
from fluoropose.transports.http.schemas import camera_json
from support.attacks import doors, frames, pages, sockets
from support.attacks.runner import run_attack
from support.attacks.target import Target
from support.cases import small_case_folder

BEGIN, END = "<!-- attacks: begin -->", "<!-- attacks: end -->"
MAX_GROWTH_MB, MAX_P99_FACTOR = 300.0, 2.0


def honest_input(cases):
    """Return what opens the honest session, and its frame: 96 x 128 pixels of 16 bits."""
    small_case_folder(cases / "small")
    case = load_case(cases / "small")
    camera = camera_from_detector(96, 128, row_spacing_mm=1.6, column_spacing_mm=1.5, source_to_detector_mm=1100.0)
    pose = pose_from_six(np.array([2.0, -3.0, 890.0, 4.0, 3.0, -5.0]), case.pose_frame)
    lines = CpuRenderer(case.volume, 1.0).render(camera, pose)
    pixels = np.round(50_000.0 * np.exp(-lines)).astype("<u2")
    return {"case": "small", "camera": camera_json(camera), "initial_pose": pose.tolist()}, pixels.tobytes()


def run_all(minutes, work):
    opening, pixels = honest_input(work / "cases")
    keys = work / "keys.json"
    token = add_key(keys, "console", ["infer", "manage"])
    attacks = [*frames.ATTACKS, *pages.ATTACKS, *sockets.ATTACKS, *doors.ATTACKS]
    seconds, reports = 60.0 * minutes / len(attacks), []
    with ExitStack() as stack:
        targets = {}
        for keyed, extra in ((False, []), (True, ["--keys", str(keys)])):
            command = (work / "cases", shipped_models_root(), 1, "cpu", [*extra, "--log-level", "error"])
            server = stack.enter_context(server_process(*command))
            more = (token, keys, {"Authorization": f"Bearer {token}"}) if keyed else ()
            targets[keyed] = Target(server.http, server.grpc, server.process.pid, opening, pixels, *more)
            run_attack(pages.ATTACKS[-1], targets[keyed], 3.0, {})  # the first frames compile and load
        for attack in attacks:
            report = run_attack(attack, targets[attack.keyed], seconds)
            print(json.dumps(report.as_dict()), flush=True)
            reports.append(report)
    return reports


def table(reports):
    """Return the reports as a table, in the order of the rows of the attack run that began this."""
    lines = [
        "| row | attack | refused with | memory | stream's p99 beside / alone | answered |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one in sorted(reports, key=lambda report: report.row):
        refused = ", ".join(f"`{word}`" for word in one.seen) + ("" if one.refused else " (not as expected)")
        beside, alone = one.beside["p99_ms"], one.baseline["p99_ms"]
        late = "none answered" if beside is None or alone is None else f"{beside:.0f} / {alone:.0f} ms"
        answered = f"{one.beside['answered']} of {one.beside['sent']}"
        lines.append(f"| {one.row} | {one.what} | {refused} | +{one.growth_mb:.0f} MB | {late} | {answered} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="for all attacks together")
    parser.add_argument("--json", type=Path, help="where the reports go")
    parser.add_argument("--security", type=Path, help="the page whose table is made anew")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        reports = run_all(given.minutes, Path(work))
    if given.json:
        given.json.write_text(json.dumps([report.as_dict() for report in reports], indent=1) + "\n")
    if given.security:
        text = given.security.read_text()
        head, rest = text.split(BEGIN)
        _, tail = rest.split(END)
        given.security.write_text(f"{head}{BEGIN}\n\n{table(reports)}\n\n{END}{tail}")
    failed = [one.name for one in reports if not one.refused or one.growth_mb >= MAX_GROWTH_MB]
    slow = [
        one.name
        for one in reports
        if not one.beside["answered"] or one.beside["p99_ms"] > MAX_P99_FACTOR * one.baseline["p99_ms"]
    ]
    print(
        f"not refused, or too much memory: {', '.join(failed) or 'none'}; p99 above twice: {', '.join(slow) or 'none'}"
    )
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
