"""What `stream` sends: a recorded run from files, or a simulated one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from fluoropose.arrays import Mat44, Points
from fluoropose.cli.frame_field import read_camera_of
from fluoropose.cli.inputs import read_places
from fluoropose.errors import InputError
from fluoropose.evaluation.environment import Environment
from fluoropose.evaluation.simulated_frames import simulate_truths
from fluoropose.io.cases import load_case
from fluoropose.io.distortion_files import read_distortions
from fluoropose.io.runs import read_run
from fluoropose.transports.http.schemas import CameraModel, camera_json

__all__ = ["FrameSource", "RunFiles", "read_source", "simulate_source"]


@dataclass(frozen=True, slots=True, eq=False)
class FrameSource:
    """What is sent at a rate: a camera's frames, and where they are known, the true poses and the targets.

    Cameras are as the API takes them. `places` are frames' fields that say where the camera stood; `beside` a second
    camera with its frames of the same instants.
    """

    case: str
    camera: dict[str, Any]
    frames: list[NDArray[Any]]
    fps: float
    initial_pose: Mat44 | None = None
    truths: list[Mat44] | None = None
    targets_mm: Points | None = None
    places: list[dict[str, Any]] | None = None
    beside: tuple[dict[str, Any], list[NDArray[Any]]] | None = None

    def opening(self) -> dict[str, Any]:
        """Return the cameras of the session."""
        if self.beside is None:
            return {"camera": self.camera}
        return {"cameras": {"first": self.camera, "second": self.beside[0]}}

    def sent_at(self, index: int) -> list[tuple[NDArray[Any], dict[str, Any]]]:
        """Return the frames of an instant and what their headers say."""
        if self.beside is None:
            return [(self.frames[index], {} if self.places is None else self.places[index])]
        return [(self.frames[index], {"camera": "first"}), (self.beside[1][index], {"camera": "second"})]


@dataclass(frozen=True, slots=True)
class RunFiles:
    """A recorded run: its frames and its camera's file; `places` of a camera that moves.

    `beside` holds the frames and the camera's file of a second camera, `distortions` the files of how frames are bent.
    """

    frames: Path
    camera: Path | None
    places: Path | None = None
    beside: tuple[Path, Path] | None = None
    distortions: tuple[Path, ...] = ()


def simulate_source(case_folder: Path, frames: int, fps: float, environment: Environment) -> FrameSource:
    """Return a run of the simulator with a case's true poses."""
    case = load_case(case_folder)
    scene, truths = simulate_truths(case, frames, fps, 0, environment)
    poses = [truth.camera_from_volume for truth in truths]
    return FrameSource(
        case.name, camera_json(scene.camera), [truth.pixels for truth in truths], fps, poses[0], poses, case.corners_mm
    )


def read_source(files: RunFiles, case: str | None, start: Mat44 | None, fps: float | None) -> FrameSource:
    """Return a recorded run; its rate is `fps`, else the file's own, else 15 per second.

    Raises
    ------
    InputError
        If what must be said beside the frames is missing or cannot be.
    """
    if case is None or files.camera is None:
        raise InputError(f"expected --case and --camera with the frames of {files.frames}, got not both")
    camera = read_camera_of(files.camera, files.frames)
    run = read_run(files.frames)
    rate = fps or run.fps or 15.0
    if not 0 < rate <= 1000:
        raise InputError(f"expected a rate above 0 and at most 1000 frames per second, got {rate:g}")
    count = len(run.frames)
    places = None if files.places is None else read_places(files.places, count)
    second = None
    if files.beside is not None:
        second = (read_camera_of(files.beside[1], files.beside[0]), read_run(files.beside[0]).frames)
        if places is not None or len(second[1]) != count:
            raise InputError(f"expected {count} frames of the second camera and no --places, got {len(second[1])}")
    sent = FrameSource(case, camera, run.frames, rate, start, places=places, beside=second)
    return _straightened(sent, files.distortions) if files.distortions else sent


def _straightened(sent: FrameSource, distortions: Sequence[Path]) -> FrameSource:
    """Return a run with straight frames; there is a file per camera."""
    beside = [] if sent.beside is None else [sent.beside]
    views = [(sent.camera, sent.frames), *beside]
    cameras = [CameraModel.model_validate(_own(camera)).value().camera for camera, _ in views]
    bent = read_distortions(distortions, cameras)
    straight = [
        (camera, [one if each is None else each.undistort(one) for one in frames])
        for (camera, frames), each in zip(views, bent, strict=True)
    ]
    return replace(sent, frames=straight[0][1], beside=straight[1] if beside else None)


def _own(camera: dict[str, Any]) -> dict[str, Any]:
    """Return a camera without its place."""
    return {name: value for name, value in camera.items() if name in CameraModel.model_fields}
