"""Mutated messages to a running service: frames (npy, PNG) and JSON over HTTP, WebSocket and gRPC messages.

`python tests/tools/fuzz_service.py --minutes 10` fuzzes each kind for so long, `--kind websocket` only that one. The
service must answer each within two seconds and never by a fault of its own, and its memory must stay flat. It ends
with 1 if anything was not so; the figures, with the messages that it failed on, are printed as JSON.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from fluoropose.evaluation.server_process import server_process
from fluoropose.io.bundles import shipped_models_root
from support.attacks.runner import resident_mb
from support.attacks.target import Target
from support.fuzzing import KINDS, Fuzzer
from tools.attack import honest_input
from tools.fuzz_readers import mutated

MAX_GROWTH_MB = 100.0
"""How much the service may grow after the first tenth of a kind's time: what a library keeps, and no leak."""


def run(kinds, minutes, seed, work):
    """Fuzz each kind for some minutes; return their figures."""
    opening, pixels = honest_input(work / "cases")
    found = []
    with server_process(work / "cases", shipped_models_root(), 1, "cpu", ("--log-level", "error")) as server:
        target = Target(server.http, server.grpc, server.process.pid, opening, pixels)
        for kind in KINDS:  # what a library loads for its first messages is no growth
            Fuzzer(target, mutated, np.random.default_rng(seed)).run(kind, lambda sent: sent == 40)
        for kind in kinds:
            fuzzer, began, sizes = Fuzzer(target, mutated, np.random.default_rng(seed)), time.monotonic(), []

            def enough(sent, began=began, sizes=sizes):
                passed = (time.monotonic() - began) / (60.0 * minutes)
                if len(sizes) < int(10 * passed) + 1:
                    sizes.append(resident_mb(target.pid))
                return passed >= 1.0

            tally = fuzzer.run(kind, enough).as_dict()
            tally["growth_mb"] = round(sizes[-1] - sizes[min(1, len(sizes) - 1)], 1)
            print(json.dumps(tally | {"faults": len(tally["faults"])}), flush=True)
            found.append(tally)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="for each kind")
    parser.add_argument("--kind", choices=KINDS, action="append", help="only these")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        found = run(given.kind or KINDS, given.minutes, given.seed, Path(work))
    if given.json is not None:
        given.json.write_text(json.dumps(found, indent=1) + "\n")
    for tally in found:
        for fault in tally["faults"][:3]:
            print(tally["kind"], fault["answer"], fault["message"][:400])
    wrong = [one["kind"] for one in found if one["faults"] or one["late"] or one["growth_mb"] > MAX_GROWTH_MB]
    print(f"faults, late answers or growth: {', '.join(wrong) or 'none'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
