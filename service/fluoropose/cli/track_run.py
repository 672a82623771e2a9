"""The work of `track`: frames are read ahead, registered instant by instant, and kept as they are found."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from fluoropose.arrays import Mat44
from fluoropose.cli.track_log import TrackLog
from fluoropose.cli.track_trial import Trial
from fluoropose.evaluation.progress import ProgressReport
from fluoropose.registration.assessment import Status
from fluoropose.registration.prepared_view import Pictures, shared_pictures
from fluoropose.registration.result import FrameView, Registration
from fluoropose.serving.messages import single_result
from fluoropose.tracking.trial import TrialObject, follow_instant, skip_instant
from fluoropose.transports.http.encode import encode_result

__all__ = ["follow_trial"]

T = TypeVar("T")

_KEPT = ("case", "model", "status", "confidence", "camera_from_volume", "world_from_volume", "error_estimate", "reason")


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
