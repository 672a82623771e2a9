"""The main job on one machine: a real server, a simulated run sent frame by frame, the table of errors and times."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.live import Live
from rich.table import Table

from fluoropose.cli.console import console, progress_bar
from fluoropose.client import Client
from fluoropose.drr.atlas import default_step_mm
from fluoropose.drr.case import Case
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.evaluation.metrics.summary import Trial, machine_name, summary
from fluoropose.evaluation.server_process import server_process
from fluoropose.evaluation.start_errors import perturb
from fluoropose.evaluation.trained_bundle import simulated_truths
from fluoropose.evaluation.trials import TrialResult, Truth, run_starts, trial_of
from fluoropose.geometry.camera import Camera
from fluoropose.io.pictures import outline, overlay_panels, save_picture
from fluoropose.transports.http.schemas import camera_json

__all__ = ["DemoPlan", "DemoResult", "run_demo"]

FPS = 15.0
_SHOWN_ROWS = 8
_GREEN, _RED = (60, 255, 90), (255, 70, 60)


@dataclass(frozen=True, slots=True, eq=False)
class DemoResult:
    """The contract's two parts and where the picture went."""

    tracking: dict[str, Any]
    starts: dict[str, Any] | None
    picture: Path


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What a demo serves (`cases`, `models`, `device`, `threads` of the server), simulates and where it writes."""

    cases: Path
    models: Path
    out: Path
    frames: int
    starts: int
    seed: int
    device: str
    threads: int
    cores: int


def run_demo(case: Case, plan: DemoPlan) -> DemoResult:
    """Simulate a run, serve the case, track the run over HTTP, then register from perturbed starts."""
    starts, seed, out = plan.starts, plan.seed, plan.out
    scene, truths = simulated_truths(case, plan.frames, FPS, seed, plan.cores)
    with server_process(plan.cases, plan.models, plan.threads, plan.device) as server, Client(server.http) as client:
        console.print(f"server ready at {server.http}, device {client.cases()[0]['atlas']['device']}")
        tracking = _track(client, case, scene.camera, truths, seed)
        from_starts = _starts(client, case, scene.camera, truths, starts, seed) if starts else []
    machine = machine_name()
    picture = out / f"{case.name}-overlay.png"
    _draw(case, scene.camera, truths, tracking[1], seed, picture)
    return DemoResult(
        summary(case.name, case.size_mm, tracking[0], machine),
        summary(case.name, case.size_mm, from_starts, machine) if from_starts else None,
        picture,
    )


def _track(
    client: Client, case: Case, camera: Camera, truths: list[Truth], seed: int
) -> tuple[list[Trial], list[TrialResult]]:
    """Send the run as a console would and show a live table."""
    start = perturb(truths[0].camera_from_volume, case.pose_frame, np.random.default_rng([seed, 7]))
    tracker = client.track(case.name, camera_json(camera), initial_pose=start)
    trials, answers, rows = [], [], []
    with Live(console=console, refresh_per_second=8, transient=True) as live:
        for n, truth in enumerate(truths):
            answer = _answer(tracker.send(truth.pixels, captured_at=time.time()))
            answers.append(answer)
            trials.append(trial_of(answer, truth.camera_from_volume, case.corners_mm, start if n == 0 else None))
            rows.append((n, answer, trials[-1]))
            live.update(_live_table(rows[-_SHOWN_ROWS:], len(truths)))
    tracker.close()
    return trials, answers


def _starts(client: Client, case: Case, camera: Camera, truths: list[Truth], count: int, seed: int) -> list[Trial]:
    tracker = client.track(case.name, camera_json(camera), initial_pose=truths[0].camera_from_volume)

    def register(pixels: Any, start: Any) -> TrialResult:
        tracker.restart(start)
        return _answer(tracker.send(pixels, captured_at=time.time()))

    with progress_bar(f"{count} perturbed starts") as report:
        trials = run_starts(truths, case.pose_frame, case.corners_mm, count, register, seed, report)
    tracker.close()
    return trials


def _answer(result: dict[str, Any]) -> TrialResult:
    return TrialResult(
        np.array(result["camera_from_volume"]), result["status"], result["confidence"], result["timing_ms"]
    )


def _live_table(rows: list[tuple[int, TrialResult, Trial]], total: int) -> Table:
    table = Table(title=f"frame {rows[-1][0] + 1} of {total}")
    for name in ("frame", "status", "confidence", "mTREproj mm", "depth mm", "rotation deg", "total ms"):
        table.add_column(name, justify="right")
    for n, answer, trial in rows:
        table.add_row(
            str(n), answer.status, f"{answer.confidence:.3f}", f"{trial.end.mtre_proj_mm:.3f}",
            f"{trial.end.depth_mm:.2f}", f"{trial.end.rotation_deg:.2f}", f"{answer.timing_ms['total']:.1f}",
        )  # fmt: skip
    return table


def _draw(case: Case, camera: Camera, truths: list[Truth], answers: list[TrialResult], seed: int, path: Path) -> None:
    """Write first and middle frame: as they are, with the start (red) and with what was found (green)."""
    renderer = CpuRenderer(case.volume, default_step_mm(case.volume))
    rows = []
    for n in (0, len(truths) // 2):
        truth, found = truths[n], answers[n].camera_from_volume
        start = perturb(truth.camera_from_volume, case.pose_frame, np.random.default_rng([seed, 7]))
        error = pose_error(found, truth.camera_from_volume, case.corners_mm)
        marks = [outline(renderer.render(camera, pose)) for pose in (start, found)]
        layers = [
            (f"{case.name}, frame {n}", []),
            ("a start of the paper's distribution", [(marks[0], _RED)]),
            (f"found: mTREproj {error.mtre_proj_mm:.2f} mm", [(marks[1], _GREEN)]),
        ]
        rows.append(overlay_panels(truth.pixels, layers))
    save_picture(path, np.concatenate(rows, axis=0))
