"""The work of `track`: frames are read ahead, registered instant by instant, and kept as they are found."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from fluoropose.arrays import Mat44
from fluoropose.cli.inputs import read_placed_cameras
from fluoropose.cli.track_log import TrackLog
from fluoropose.errors import InputError
from fluoropose.evaluation.frame_registration import Reading
from fluoropose.evaluation.progress import ProgressReport
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.io.frame_sequence import FrameSequence, open_frames
from fluoropose.registration.assessment import Status
from fluoropose.registration.prepared_view import Pictures, shared_pictures
from fluoropose.registration.result import FrameView, Registration
from fluoropose.serving.messages import single_result
from fluoropose.tracking.tracker import FRAME_SECONDS
from fluoropose.tracking.trial import TrialObject, follow_instant, skip_instant
from fluoropose.transports.http.encode import encode_result

__all__ = ["Trial", "TrialFiles", "follow_trial", "open_trial"]

T = TypeVar("T")

_KEPT = ("case", "model", "status", "confidence", "camera_from_volume", "world_from_volume", "error_estimate", "reason")


@dataclass(frozen=True, slots=True)
class TrialFiles:
    """Frames and camera's file per view, and how pixels are read."""

    frames: tuple[Path, ...]
    cameras: tuple[Path, ...]
    reading: Reading
    fps: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """The views of a trial: frames and placed cameras, one of each per view; as many frames in each."""

    views: tuple[FrameSequence, ...]
    cameras: tuple[PlacedCamera, ...]
    reading: Reading
    fps: float

    def __len__(self) -> int:
        """Return the number of instants."""
        return len(self.views[0])

    def instant(self, number: int) -> list[FrameView]:
        """Read the frames of an instant."""
        return [
            FrameView(view.read(number), placed, f"camera {n + 1}", self.reading.meaning, self.reading.inverted)
            for n, (view, placed) in enumerate(zip(self.views, self.cameras, strict=True))
        ]

    def identity(self) -> list[Any]:
        """Return what the results depend on beside the objects."""
        cameras = [
            [one.camera.rows, one.camera.columns, one.camera.intrinsic_matrix.tolist(), one.camera_from_world.tolist()]
            for one in self.cameras
        ]
        names = [list(view.names) for view in self.views]
        return [names, cameras, self.reading.meaning.value, self.reading.inverted, self.fps]


def open_trial(files: TrialFiles) -> Trial:
    """Open the frames and the cameras of a trial.

    Raises
    ------
    InputError, FrameError
        If there is not one camera per view, the views have different numbers of frames, or a file cannot be read.
    """
    if len(files.frames) != len(files.cameras):
        count = f"{len(files.frames)} views and {len(files.cameras)} cameras"
        raise InputError(f"expected one camera per view, got {count}")
    placed = read_placed_cameras(files.cameras)
    views = tuple(open_frames(path) for path in files.frames)
    counts = [len(view) for view in views]
    if len(set(counts)) > 1:
        raise InputError(f"expected as many frames in each view, got {' and '.join(map(str, counts))}")
    rate = files.fps or next((view.fps for view in views if view.fps), None) or 1.0 / FRAME_SECONDS
    if not 0 < rate <= 10_000:
        raise InputError(f"expected a rate above 0 and at most 10000 frames per second, got {rate:g}")
    return Trial(views, tuple(placed), files.reading, rate)


def follow_trial(trial: Trial, objects: Sequence[TrialObject], log: TrackLog, report: ProgressReport) -> dict[str, Any]:
    """Follow objects through a trial, from where the log ends; return counts and how fast it was."""
    for row in log.rows:
        for one, found in zip(objects, row["objects"], strict=True):
            pose = found.get("world_from_volume")
            skip_instant(one, _pose(pose), Status(found["status"]), float(row["time_s"]))
    began, done = time.perf_counter(), len(log.rows)
    residents = [one.resident for one in objects]

    def read(number: int) -> tuple[list[FrameView], Pictures]:
        views = trial.instant(number)
        return views, shared_pictures(residents, views)

    for number, (views, pictures) in _read_ahead(read, range(done, len(trial))):
        captured_s = number / trial.fps
        results = follow_instant(objects, views, captured_s, pictures)
        found = [_result(one, result) for one, result in zip(objects, results, strict=True)]
        log.add({"frame": number, "time_s": captured_s, "objects": found})
        report(number + 1, len(trial), ", ".join(one["status"] for one in found))
    seconds = time.perf_counter() - began
    statuses = [[row["objects"][n]["status"] for row in log.rows] for n in range(len(objects))]
    return {
        "frames": len(log.rows),
        "views": len(trial.views),
        "resumed_at": done,
        "instants_per_second": (len(log.rows) - done) / seconds if seconds > 0 and len(log.rows) > done else None,
        "statuses": {
            one.resident.case.name: {word: words.count(word) for word in sorted(set(words))}
            for one, words in zip(objects, statuses, strict=True)
        },
    }


def _read_ahead(read: Callable[[int], T], numbers: range) -> Iterator[tuple[int, T]]:
    """Yield each instant with its number; the next one is read meanwhile."""
    with ThreadPoolExecutor(1, "frames") as pool:
        waiting = pool.submit(read, numbers[0]) if len(numbers) else None
        for number in numbers:
            if waiting is None:
                raise AssertionError("expected the frames of an instant, got none")
            instant = waiting.result()
            waiting = pool.submit(read, number + 1) if number + 1 in numbers else None
            yield number, instant


def _result(one: TrialObject, found: Registration) -> dict[str, Any]:
    result = single_result(found, one.resident.case.name, "", one.resident.device_label)
    fields = encode_result(result).model_dump(include=set(_KEPT))
    if found.assessment.status is Status.LOST:
        fields |= {"camera_from_volume": None, "world_from_volume": None}
    return fields


def _pose(given: Any) -> Mat44:
    return np.eye(4) if given is None else np.array(given)
