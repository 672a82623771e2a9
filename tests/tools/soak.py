"""A service under load for long, with uploads, deletions and reconnects beside it.

`python tests/tools/soak.py --minutes 20` streams to four sessions at 30 frames per second each, uploads and deletes
cases, opens sessions whose streams break and come back. Every frame that arrives must be answered or counted as
dropped, and memory, open files and tasks must not grow. It ends with 1 if anything was not so; the figures are JSON.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import httpx
import numpy as np

from fluoropose.evaluation.load_point import Load, LoadFrames, LoadRow
from fluoropose.evaluation.server_process import server_process
from fluoropose.geometry.camera import Camera
from fluoropose.io.bundles import shipped_models_root
from support.attacks.runner import resident_mb
from support.attacks.target import Target, frame
from support.wire import packed
from tools.attack import honest_input
from tools.kill_service import volume_bytes

MOST_PER_MIN = {"memory_slope_mb_per_min": 3.0, "open_files_slope_per_min": 0.5, "tasks_slope_per_min": 0.5}
"""Growth that is noise of a line through so many samples, in 20 minutes."""

_SETTLE_S = 5.0
"""What runs beside the load ends so long before it, so that nothing is in flight when frames are counted."""


@dataclass
class Beside:
    """What happens beside the load, in threads, and what came of it."""

    target: Target
    volume: bytes
    over: threading.Event = field(default_factory=threading.Event)
    done: Counter = field(default_factory=Counter)
    faults: list = field(default_factory=list)

    def upload_and_delete(self):
        """Upload a case, wait until it is ready, delete it, again and again."""
        options = json.dumps({"name": "guest", "attenuation": False, "hu_window": [100.0, 30000.0]})
        with self.target.client() as client:
            while not self.over.is_set():
                answer = client.post(
                    "/v1/cases", data={"options": options}, files={"volume": ("ct.nii.gz", self.volume)}
                )
                self.expect(answer, 201)
                while (case := client.get("/v1/cases/guest").json())["state"] == "preparing":
                    time.sleep(0.1)
                if case["state"] != "ready":
                    self.faults.append(f"a case is {case['state']}: {case['detail']}")
                self.expect(client.delete("/v1/cases/guest"), 204)
                self.done["cases"] += 1

    def reconnect(self):
        """Open a session, let its stream break twice without a word, end it, again and again."""
        message = frame(packed(self.target.pixels, dtype="uint16"))
        with self.target.client() as client:
            while not self.over.is_set():
                session = self.target.open_session()
                for _ in range(2):
                    with self.target.handshaken(session) as plain:
                        for _ in range(3):
                            plain.sendall(message)
                            self.done["frames"] += 1
                        with suppress(OSError):
                            plain.recv(4096)
                    self.done["reconnects"] += 1
                    time.sleep(0.2)
                self.expect(client.delete(f"/v1/sessions/{session}"), 204)

    def expect(self, answer, status):
        if answer.status_code != status:
            self.faults.append(f"expected {status}, got {answer.status_code} {answer.text[:200]}")

    def guarded(self, work):
        try:
            work()
        except (httpx.HTTPError, OSError, AssertionError, ValueError, KeyError) as error:
            self.faults.append(f"{work.__name__}: {error!r}")


def soak(server, opening, pixels, work, seconds):
    """Load a server; return the figures."""
    target = Target(server.http, server.grpc, server.process.pid, opening, pixels)
    shape = opening["camera"]["rows"], opening["camera"]["columns"]
    camera = Camera(*shape, np.array(opening["camera"]["intrinsic_matrix"]))
    picture, pose = np.frombuffer(pixels, "<u2").reshape(shape), np.array(opening["initial_pose"])
    beside = Beside(target, volume_bytes(work, 3))
    threads = [
        threading.Thread(target=beside.guarded, args=(one,), daemon=True)
        for one in (beside.upload_and_delete, beside.reconnect)
    ]
    row = LoadRow(Load("ws", 4, 30.0), server, seconds, LoadFrames("small", camera, [picture] * 2, [pose] * 2))

    async def run():
        running = asyncio.create_task(row.run())
        await asyncio.sleep(2.0)
        for thread in threads:
            thread.start()
        await asyncio.sleep(max(0.0, seconds - _SETTLE_S - 2.0))
        beside.over.set()
        await asyncio.to_thread(lambda: [thread.join(600) for thread in threads])
        return await running

    facts = asyncio.run(run())
    return facts | {
        "beside": dict(beside.done),
        "faults": beside.faults,
        "all_memory_mb": round(resident_mb(target.pid)),
    }


def wrongs(facts, seconds):
    """Return what is not as it must be, in words."""
    found = list(facts["faults"])
    if facts["unaccounted"]:
        found.append(f"{facts['unaccounted']} frames neither answered nor counted")
    if not facts["sent"] <= facts["received"] <= facts["sent"] + facts["beside"].get("frames", 0):
        found.append(f"{facts['received']} frames received of {facts['sent']} and {facts['beside'].get('frames', 0)}")
    if seconds >= 600:
        found += [f"{name}: {facts[name]:.2f}" for name, most in MOST_PER_MIN.items() if facts[name] > most]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work, seconds = Path(folder), 60.0 * given.minutes
        opening, pixels = honest_input(work / "cases")
        words = ("--log-level", "error")
        with server_process(work / "cases", shipped_models_root(), 1, "cpu", words, writes=True) as server:
            facts = soak(server, opening, pixels, work, seconds)
    facts["wrong"] = wrongs(facts, seconds)
    print(json.dumps(facts, indent=1))
    if given.json is not None:
        given.json.write_text(json.dumps(facts, indent=1) + "\n")
    return 1 if facts["wrong"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
