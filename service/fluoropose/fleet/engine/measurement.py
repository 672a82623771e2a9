"""What a fleet on this machine does: openings, the age of frames beside a single server, a worker that is killed."""

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from fluoropose.evaluation.load_point import LoadFrames
from fluoropose.evaluation.metrics.summary import machine_name
from fluoropose.evaluation.server_process import free_ports, server_process
from fluoropose.fleet.engine.local_cluster import LocalFleet, local_fleet
from fluoropose.fleet.fault_run import FaultRun
from fluoropose.fleet.plan import FleetPlan, WorkerShare
from fluoropose.transports.http.schemas import camera_json

__all__ = ["FleetMeasurement"]

_AGAIN = 5
"""So many sessions are opened on a case once it is loaded."""


@dataclass(frozen=True, slots=True)
class FleetMeasurement:
    """What is measured on what: `sent` to its case in `cases`, which is copied often enough to be loaded anew."""

    cases: Path
    models: Path
    sent: LoadFrames
    workers: int = 3
    sessions: int = 6
    fps: float = 10.0
    seconds: float = 20.0
    copies: int = 6
    device: str = "cpu"

    def run(self, say: Callable[[str], None]) -> dict[str, Any]:
        """Measure a single server, then a fleet of as many nodes as workers; return the figures."""
        with tempfile.TemporaryDirectory(prefix="fluoropose-fleet-") as folder:
            alone, kept = Path(folder) / "alone", Path(folder) / "cases"
            shutil.copytree(self.cases / self.sent.case, alone / self.sent.case)
            for name in (self.sent.case, *self._copied()):
                shutil.copytree(self.cases / self.sent.case, kept / name)
            say("the load on a single server")
            with server_process(alone, self.models, 1, self.device) as server:
                figures: dict[str, Any] = {"alone": self._load(server.http, server.grpc, _spare)}
            say(f"a fleet of {self.workers} workers on as many nodes starts")
            port, grpc_port = free_ports(2)
            plan = FleetPlan(
                str(kept), self.models, Path(folder) / "cache", port=port, grpc_port=grpc_port,
                workers=self.workers, most_workers=self.workers, share=WorkerShare(device=self.device),
            )  # fmt: skip
            with local_fleet(plan, [1] * self.workers) as fleet:
                say("openings")
                figures["openings"] = self.openings(fleet)
                say("the same load on the fleet")
                figures["fleet"] = self._load(fleet.http, fleet.grpc, _spare)
                say("a worker is killed under it")
                figures["killed"] = self._load(fleet.http, fleet.grpc, _killer(fleet))
        return figures | {"machine": machine_name()}

    def _copied(self) -> list[str]:
        return [f"copy-{number}" for number in range(self.copies)]

    def _load(self, http: str, grpc: str, strike: Callable[[str], None]) -> dict[str, Any]:
        run = FaultRun(http, grpc, self.sent, strike, sessions=self.sessions, fps=self.fps, seconds=self.seconds)
        return asyncio.run(run.run())

    def openings(self, fleet: LocalFleet) -> dict[str, Any]:
        """Return how long sessions took to open: on cases loaded for it, and on the same ones then, in ms."""
        times: dict[str, list[float]] = {"loaded": [], "resident": []}
        camera = camera_json(self.sent.camera)
        with httpx.Client(base_url=fleet.http, timeout=60.0, trust_env=False) as door:
            door.get("/v1/fleet")
            for name in self._copied():
                for kind in ("loaded", *["resident"] * _AGAIN):
                    began_s = time.perf_counter()
                    opened = door.post("/v1/sessions", json={"case": name, "camera": camera})
                    times[kind].append(1e3 * (time.perf_counter() - began_s))
                    door.delete(f"/v1/sessions/{opened.raise_for_status().json()['session']}")
        return {
            f"{kind}_ms": {f"p{p}": round(float(np.percentile(values, p)), 1) for p in (50, 99)}
            for kind, values in times.items()
        } | {"placed": fleet.status()["placed"]}


def _spare(worker: str) -> None:
    """Do nothing to a worker."""


def _killer(fleet: LocalFleet) -> Callable[[str], None]:
    """Return what kills the process of a worker as `kill -9` does."""
    numbers = {worker: fleet.process_id(worker) for worker in fleet.workers()}

    def kill(worker: str) -> None:
        os.kill(numbers[worker], signal.SIGKILL)

    return kill
