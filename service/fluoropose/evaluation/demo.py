"""`demo`: a real server on this machine, a simulated run sent frame by frame, the errors and times of its answers."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fluoropose.arrays import Mat44
from fluoropose.client import Client
from fluoropose.drr.atlas import default_step_mm
from fluoropose.drr.case import Case
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.evaluation.metrics.summary import Trial, machine_name, summary
from fluoropose.evaluation.server_process import server_process
from fluoropose.evaluation.simulated_frames import simulate_truths
from fluoropose.evaluation.start_errors import perturb
from fluoropose.evaluation.trials import TrialResult, Truth, run_starts, trial_of
from fluoropose.geometry.camera import Camera
from fluoropose.io.pictures import outline, overlay_panels, save_picture
from fluoropose.transports.http.schemas import camera_json

__all__ = ["DemoPlan", "DemoResult", "FrameDisplay", "ShownFrame", "hide_frames", "run_demo"]

FPS = 15.0
_GREEN, _RED = (60, 255, 90), (255, 70, 60)


@dataclass(frozen=True, slots=True, eq=False)
class DemoResult:
    """The contract's two parts and where the picture went."""

    tracking: dict[str, Any]
    starts: dict[str, Any] | None
    picture: Path


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What a demo serves (`cases` and `models` of the server), how much it simulates and where it writes."""

    cases: Path
    models: Path
    out: Path
    frames: int
    starts: int
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class ShownFrame:
    """One answer of the run, as it comes: which frame, what the service said, how wrong it was."""

    number: int
    answer: TrialResult
    trial: Trial


FrameDisplay = Callable[[int], AbstractContextManager[Callable[[ShownFrame], None]]]
"""Gives what shows the answers of so many frames; the display ends with the context."""


@contextmanager
def hide_frames(count: int) -> Iterator[Callable[[ShownFrame], None]]:
    """Give what shows nothing."""
    yield lambda shown: None


@dataclass(frozen=True, slots=True, eq=False)
class _DemoRun:
    """The simulated run of a demo."""

    case: Case
    camera: Camera
    truths: list[Truth]
    seed: int

    def start(self, truth: Truth) -> Mat44:
        """Return the perturbed start of a frame."""
        return perturb(truth.camera_from_volume, self.case.pose_frame, np.random.default_rng([self.seed, 7]))


def run_demo(case: Case, plan: DemoPlan, environment: Environment, frames: FrameDisplay = hide_frames) -> DemoResult:
    """Simulate a run, serve the case, track the run over HTTP, then register from perturbed starts."""
    scene, truths = simulate_truths(case, plan.frames, FPS, plan.seed, environment)
    run = _DemoRun(case, scene.camera, truths, plan.seed)
    with (
        server_process(plan.cases, plan.models, environment.threads, environment.device) as server,
        Client(server.http) as client,
    ):
        environment.say(f"server ready at {server.http}, device {client.cases()[0]['atlas']['device']}")
        tracking, answers = _track(client, run, frames)
        from_starts = _register_starts(client, run, plan.starts, environment) if plan.starts else []
    machine = machine_name()
    picture = plan.out / f"{case.name}-overlay.webp"
    _draw(run, answers, picture)
    return DemoResult(
        summary(case.name, case.size_mm, tracking, machine),
        summary(case.name, case.size_mm, from_starts, machine) if from_starts else None,
        picture,
    )


def _track(client: Client, run: _DemoRun, frames: FrameDisplay) -> tuple[list[Trial], list[TrialResult]]:
    """Send the run as a console would, and show each answer."""
    start = run.start(run.truths[0])
    tracker = client.track(run.case.name, camera_json(run.camera), initial_pose=start)
    trials, answers, last = [], [], start
    with frames(len(run.truths)) as show:
        for n, truth in enumerate(run.truths):
            answer = _answer(tracker.send(truth.pixels, captured_at=time.time()), last)
            last = answer.camera_from_volume
            answers.append(answer)
            trials.append(trial_of(answer, truth.camera_from_volume, run.case.corners_mm, start if n == 0 else None))
            show(ShownFrame(n, answer, trials[-1]))
    tracker.close()
    return trials, answers


def _register_starts(client: Client, run: _DemoRun, count: int, environment: Environment) -> list[Trial]:
    case = run.case
    first = run.truths[0].camera_from_volume
    tracker = client.track(case.name, camera_json(run.camera), initial_pose=first)

    def register(pixels: NDArray[Any], start: Mat44) -> TrialResult:
        tracker.restart(start)
        return _answer(tracker.send(pixels, captured_at=time.time()), start)

    with environment.progress(f"{count} perturbed starts") as report:
        trials = run_starts(run.truths, case.pose_frame, case.corners_mm, count, register, run.seed, report)
    tracker.close()
    return trials


def _answer(result: dict[str, Any], before: Mat44) -> TrialResult:
    """Return an answer; where the object is lost, which has no pose, the errors are those of the pose before."""
    pose = result["camera_from_volume"]
    return TrialResult(
        before if pose is None else np.array(pose), result["status"], result["confidence"], result["timing_ms"]
    )


def _draw(run: _DemoRun, answers: list[TrialResult], path: Path) -> None:
    """Write first and middle frame: as they are, with the start (red) and with what was found (green)."""
    case, camera = run.case, run.camera
    renderer = CpuRenderer(case.volume, default_step_mm(case.volume))
    rows = []
    for n in (0, len(run.truths) // 2):
        truth, found = run.truths[n], answers[n].camera_from_volume
        error = pose_error(found, truth.camera_from_volume, case.corners_mm)
        marks = [outline(renderer.render(camera, pose)) for pose in (run.start(truth), found)]
        layers = [
            (f"{case.name}, frame {n}", []),
            ("a start of the paper's distribution", [(marks[0], _RED)]),
            (f"found: mTREproj {error.mtre_proj_mm:.2f} mm", [(marks[1], _GREEN)]),
        ]
        rows.append(overlay_panels(truth.pixels, layers))
    save_picture(path, np.concatenate(rows, axis=0))
