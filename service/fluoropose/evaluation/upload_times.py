"""`bench upload`: how long a service takes from an upload to a case that is ready, and to the first sure pose.

A server of our own is given a volume or mesh as a client would give it. Its frames are pictures of the case with photon
noise, turned from the expected view. Times in s.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from fluoropose.client import Client
from fluoropose.errors import InputError
from fluoropose.evaluation.metrics.summary import machine_name
from fluoropose.evaluation.server_process import RunningServer
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.canonical import CanonicalView, pose_from_canonical
from fluoropose.geometry.rotation import from_zxy
from fluoropose.io.cases import load_case
from fluoropose.transports.http.schemas import camera_json

__all__ = ["UploadPlan", "measure_upload"]

_LOOK_S = 0.01
"""So often the service is asked how far the case is."""

_CAMERA = camera_from_detector(512, 512, row_spacing_mm=0.6, column_spacing_mm=0.6, source_to_detector_mm=1200.0)
_PHOTONS = 4000.0
_TURNS_DEG = (3.0, 7.0, -6.0)
_MOST_FRAMES = 20


@dataclass(frozen=True, slots=True)
class UploadPlan:
    """What is uploaded: a volume or mesh, its label map if it has one, and the options of `POST /v1/cases`."""

    volume: Path
    options: dict[str, Any]
    label_map: Path | None = None
    longest_s: float = 300.0


def measure_upload(server: RunningServer, cases: Path, plan: UploadPlan) -> dict[str, Any]:
    """Return how long each step took until the case was ready, and then until the first pose was `TRACKING`.

    Raises
    ------
    InputError
        If the service refuses the upload, or the case is not ready in time.
    """
    name, began = str(plan.options["name"]), time.perf_counter()
    with httpx.Client(base_url=server.http, timeout=plan.longest_s) as http:
        _post(http, plan)
        received_s = time.perf_counter() - began
        steps, case = _follow(http, name, began, plan.longest_s)
    ready_s = time.perf_counter() - began
    view = load_case(cases / name).atlas.view
    return {
        "file": plan.volume.name,
        "machine": machine_name(),
        "detail": case["detail"],
        "verification": (case["verification"] or {}).get("text"),
        "upload_s": received_s,
        "steps": steps,
        "ready_s": ready_s,
        **_first_pose(server.http, name, view, ready_s),
    }


def _post(http: httpx.Client, plan: UploadPlan) -> None:
    files = {"volume": (plan.volume.name, plan.volume.read_bytes())}
    if plan.label_map is not None:
        files["label_map"] = (plan.label_map.name, plan.label_map.read_bytes())
    answer = http.post("/v1/cases", data={"options": json.dumps(plan.options)}, files=files)
    if answer.status_code != httpx.codes.CREATED:
        raise InputError(f"expected the upload to be taken, got {answer.status_code}: {answer.text[:500]}")


def _follow(
    http: httpx.Client, name: str, began: float, longest_s: float
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the steps with when each began, s after `began`, and the case once it is ready."""
    steps: list[dict[str, Any]] = []
    while (now := time.perf_counter() - began) < longest_s:
        case: dict[str, Any] = http.get(f"/v1/cases/{name}").json()
        if not steps or steps[-1]["step"] != case["step"]:
            steps.append({"step": case["step"], "began_s": now})
        if case["state"] != "preparing":
            if case["state"] != "ready":
                raise InputError(f"expected a case that is ready, got {case['state']}: {case['detail']}")
            return steps, case
        time.sleep(_LOOK_S)
    raise InputError(f"expected a case that is ready within {longest_s:g} s, got step {steps[-1]['step']!r}")


def _first_pose(address: str, name: str, view: CanonicalView, ready_s: float) -> dict[str, Any]:
    """Open a session at the expected view and send frames until one is `TRACKING`; the frames' making is not timed."""
    place = np.array([2.0, -1.5, view.range_mm + 5.0])
    truth = pose_from_canonical(np.eye(3), from_zxy(*np.deg2rad(_TURNS_DEG)) @ view.base_rotation, place, view)
    start = pose_from_canonical(np.eye(3), view.base_rotation, np.array([0.0, 0.0, view.range_mm]), view)
    rng = np.random.default_rng(0)
    statuses: list[str] = []
    with Client(address) as client:
        lines = client.render(name, camera_json(_CAMERA), truth)
        pixels = (rng.poisson(_PHOTONS * np.exp(-lines)) + 1).astype(np.uint16)
        began = time.perf_counter()
        tracker = client.track(name, camera_json(_CAMERA), initial_pose=start)
        while len(statuses) < _MOST_FRAMES and "TRACKING" not in statuses:
            statuses.append(_send(tracker, pixels, len(statuses)))
        spent_s = time.perf_counter() - began
        tracker.close()
    sure = statuses[-1] == "TRACKING"
    return {"statuses": statuses, "first_pose_s": spent_s, "total_s": ready_s + spent_s if sure else None}


def _send(tracker: Any, pixels: Any, number: int) -> str:
    return str(tracker.send(pixels, captured_at=1e9 + number / 15.0)["status"])
