"""Kill a service with SIGKILL at random moments of its work on cases, start it again, and check what it kept.

`python tests/tools/kill_service.py --times 200` runs on a folder of its own, on loopback. Each round starts the service,
checks what is there, begins one thing (an upload, two uploads of one name at once, a deletion) and kills the service at
a random moment of it: while the upload comes, while the case is prepared, while it is verified and published, while it
is deleted. A case that was seen as ready, and whose deletion was not asked for, must be there with its own content;
nothing else may be listed but failures that say why; nothing may be left over beside the cases; no process may stay.
It ends with 1 if anything was not so. The figures are printed as JSON.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from fluoropose.evaluation.server_process import free_ports
from fluoropose.imaging.attenuation import WATER_PER_MM
from fluoropose.imaging.volume import Volume
from fluoropose.io.audit import broken_entry
from fluoropose.io.bundles import shipped_models_root
from fluoropose.io.nifti import write_nifti
from fluoropose.io.register import read_audit
from fluoropose.serving.case_store import INTERRUPTED, PRIVATE_FOLDER, REGISTER_NAME
from support.cases import small_volume

MOMENTS = ("upload", "preparing", "verifying", "deleting")
ENDED = ("ready", "failed", "cancelled")
START_S = 600.0
"""How long a start is waited for: on a busy machine far longer than it takes the processor."""

MOST_CASES = 2
"""Finished cases that are kept from round to round; a start loads each of them."""


@dataclass
class Seen:
    """What is known from outside: finished cases by the padding of their volume, and those that may be either."""

    finished: dict[str, int] = field(default_factory=dict)
    unsure: dict[str, set[int]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    starts_s: list[float] = field(default_factory=list)
    starts_cpu_s: list[float] = field(default_factory=list)
    moments: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MOMENTS, 0))
    failed: int = 0


class Service:
    """A service on a folder, as its operator starts it."""

    def __init__(self, cases: Path) -> None:
        (port,) = free_ports(1)
        command = [sys.executable, "-m", "fluoropose", "serve", "--cases", str(cases), "--port", str(port)]
        command += ["--models", str(shipped_models_root()), "--grpc-port", "-1", "--device", "cpu"]
        began = time.monotonic()
        self.process = subprocess.Popen([*command, "--log-level", "error"])
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60.0, trust_env=False)
        while not self._started():
            if self.process.poll() is not None or time.monotonic() - began > START_S:
                raise SystemExit(f"expected a service that starts, got exit code {self.process.poll()}")
            time.sleep(0.05)
        self.start_s = time.monotonic() - began
        self.start_cpu_s = cpu_s(self.process.pid)

    def _started(self) -> bool:
        try:
            return self.http.get("/startupz").status_code == 200
        except httpx.HTTPError:
            return False

    def kill(self) -> dict[int, str]:
        """Kill the service; return the processes that it had started."""
        children = children_of(self.process.pid)
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.http.close()
        return children

    def state(self, name: str) -> dict:
        return self.http.get(f"/v1/cases/{name}").json()


def children_of(pid: int) -> dict[int, str]:
    """Return the processes that a process has started, with the end of their commands."""
    found = {}
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for word in path.read_text().split():
                found[int(word)] = Path(f"/proc/{word}/cmdline").read_bytes().decode(errors="replace")[-200:]
    return found


def cpu_s(pid: int) -> float:
    """Return the processor time that a process has taken, which a busy machine does not lengthen."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def volume_bytes(folder: Path, padding: int) -> bytes:
    """Return a small CT; how far it is padded tells which one it is."""
    volume = small_volume(2.5)
    hu = np.pad(np.where(volume.values > 0, 1000.0 * volume.values / WATER_PER_MM, 0.0), padding)
    path = folder / "ct.nii.gz"
    write_nifti(path, Volume(hu.astype(np.float32), volume.lps_from_index))
    return path.read_bytes()


def upload(service: Service, name: str, data: bytes) -> int:
    options = {"name": name, "attenuation": False, "hu_window": [100.0, 30000.0]}
    try:
        answer = service.http.post(
            "/v1/cases", data={"options": json.dumps(options)}, files={"volume": ("ct.nii.gz", data)}
        )
        return answer.status_code
    except httpx.HTTPError:
        return 0


def check(service: Service, cases: Path, seen: Seen) -> None:
    """Compare what a service lists after a start, and what lies in its folder, with what was seen before."""
    listed = {case["case"]: case for case in service.http.get("/v1/cases").json()}
    for name, case in listed.items():
        if case["state"] == "failed" and case["detail"] == INTERRUPTED and name not in seen.finished:
            seen.failed += 1
        elif case["state"] != "ready":
            seen.faults.append(f"{name} is {case['state']}: {case['detail']}")
        elif allowed := seen.unsure.get(name):
            known = content_of(cases / name)
            if known in allowed:
                seen.finished[name] = known
            else:
                seen.faults.append(f"{name} holds {known}, expected one of {allowed}")
        elif name not in seen.finished:
            seen.faults.append(f"{name} is ready, and was deleted")
    for name, padding in list(seen.finished.items()):
        if name in listed and listed[name]["state"] == "ready":
            if content_of(cases / name) != padding:
                seen.faults.append(f"{name} has another content")
        elif seen.unsure.get(name) == set():
            del seen.finished[name]
        else:
            seen.faults.append(f"{name} was finished and is lost")
    seen.unsure.clear()
    there = {path.name for path in cases.iterdir()} - {PRIVATE_FOLDER}
    ready = {name for name, case in listed.items() if case["state"] == "ready"}
    staged = cases / PRIVATE_FOLDER / "staging"
    left = [path.name for path in staged.iterdir()] if staged.is_dir() else []
    if there != ready or left:
        seen.faults.append(f"left over: {sorted(there ^ ready)} and {left}")
    broken = broken_entry(read_audit(cases / PRIVATE_FOLDER / REGISTER_NAME))
    if broken is not None:
        seen.faults.append(f"the audit is broken at entry {broken}")
    for name, case in listed.items():
        if case["state"] == "failed":
            service.http.delete(f"/v1/cases/{name}")


def content_of(folder: Path) -> int:
    """Return by what a case's volume was padded, by the text that its record keeps of its source; 0 if unknown."""
    return PADDINGS.get(json.loads((folder / "case.json").read_text())["source"], 0)


PADDINGS: dict[str, int] = {}
"""The padding of a volume by the text that a case keeps of its source; filled from one case of each."""


def one_round(service: Service, cases: Path, seen: Seen, number: int, draw: random.Random, data: dict) -> None:
    """Begin something and return at the moment at which the service is to be killed."""
    moment = draw.choice(MOMENTS) if seen.finished else draw.choice(MOMENTS[:3])
    if len(seen.finished) >= MOST_CASES:
        moment = "deleting"
    seen.moments[moment] += 1
    if moment == "deleting":
        name = draw.choice(sorted(seen.finished))
        seen.unsure[name] = set()
        threading.Thread(target=lambda: quietly(lambda: service.http.delete(f"/v1/cases/{name}"))).start()
        time.sleep(draw.uniform(0.0, 0.15))
        return
    name, twice = f"c{number}", draw.random() < 0.3
    kinds = draw.sample(sorted(data), 2) if twice else [draw.choice(sorted(data))]
    seen.unsure[name] = set(kinds)
    for kind in kinds:
        threading.Thread(target=upload, args=(service, name, data[kind])).start()
    if moment == "upload":
        time.sleep(draw.uniform(0.0, 0.2))
        return
    wanted = ("reading the volume", "rendering the first views") if moment == "preparing" else ("verifying",)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        case = service.state(name)
        if case.get("state") in ENDED or case.get("step") in wanted:
            break
        time.sleep(0.01)
    length = draw.uniform(0.0, 1.0 if moment == "preparing" else 2.5)
    until = time.monotonic() + length
    while time.monotonic() < until:
        case = service.state(name)
        if case.get("state") == "ready":
            # Seen as ready: from now on it must not be lost.
            seen.finished[name] = content_of(cases / name)
            seen.unsure.pop(name, None)
            break
        time.sleep(0.02)


def quietly(work) -> None:
    with suppress(httpx.HTTPError):
        work()


def learn_sources(service: Service, cases: Path, data: dict) -> None:
    """Prepare one case of each volume to the end, so that a case's source tells which volume it came from."""
    for padding, content in data.items():
        name = f"first{padding}"
        assert upload(service, name, content) == 201
        deadline = time.monotonic() + 300
        while (case := service.state(name))["state"] == "preparing":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert case["state"] == "ready", case
        PADDINGS[json.loads((cases / name / "case.json").read_text())["source"]] = padding
        service.http.delete(f"/v1/cases/{name}")
    assert sorted(PADDINGS.values()) == sorted(data)


def run(times: int, seed: int, folder: Path, seconds: float = float("inf")) -> Seen:
    """Kill a service so many times, or until the time is up, and return what was seen."""
    draw, seen, cases = random.Random(seed), Seen(), folder / "cases"
    data = {padding: volume_bytes(folder, padding) for padding in (3, 5)}
    service = Service(cases)
    learn_sources(service, cases, data)
    began, number = time.monotonic(), 0
    while number < times and time.monotonic() - began < seconds:
        one_round(service, cases, seen, number, draw, data)
        children = service.kill()
        number += 1
        service = Service(cases)
        seen.starts_s.append(service.start_s)
        seen.starts_cpu_s.append(service.start_cpu_s)
        check(service, cases, seen)
        seen.faults += stayed(children)
        if seen.faults:
            break
    service.process.send_signal(signal.SIGTERM)
    if service.process.wait(60) != 0:
        seen.faults.append(f"after SIGTERM the exit code was {service.process.returncode}")
    service.http.close()
    return seen


def stayed(children: dict[int, str]) -> list[str]:
    """Return which processes have not ended a minute after the service was killed; a busy machine takes its time."""
    deadline = time.monotonic() + 60
    while any(map(lives, children)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return [f"process {pid} stayed: {what!r}" for pid, what in children.items() if lives(pid)]


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def figures(seen: Seen) -> dict:
    """Return the figures of a run as plain values."""
    return {
        "kills": sum(seen.moments.values()),
        "moments": seen.moments,
        "faults": seen.faults,
        "interrupted": seen.failed,
        "start_s": {"median": round(float(np.median(seen.starts_s)), 2), "most": round(max(seen.starts_s), 2)},
        "start_cpu_s": {
            "median": round(float(np.median(seen.starts_cpu_s)), 2), "most": round(max(seen.starts_cpu_s), 2),
        },
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fluoropose-kill-") as folder:
        seen = run(chosen.times, chosen.seed, Path(folder), chosen.seconds)
    found = figures(seen)
    print(json.dumps(found, indent=1))
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n")
    sys.exit(1 if seen.faults else 0)


if __name__ == "__main__":
    main()
