"""Records sessions on disk, off by default: each job with its frames and results, on a thread beside the workers.

A worker only leaves a finished job here. If the disk is slower than the frames, jobs are missed and counted, and no
frame waits. A recording that the disk refuses ends, with its jobs so far; the session goes on.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from fluoropose.errors import FluoroposeError, StorageError
from fluoropose.io.recorded_origin import case_origin, machine_origin
from fluoropose.io.recorded_settings import settings_json
from fluoropose.io.recording_process import RecordingProcess
from fluoropose.io.recordings import FORMAT, RecordedJob, RecordedObject, RecordedView, require_h5py
from fluoropose.serving.job_execution import JobResult
from fluoropose.serving.job_outcome import JobOutcome
from fluoropose.serving.service import Service
from fluoropose.tracking.jobs import Job
from fluoropose.tracking.session import Session
from fluoropose.tracking.session_settings import SessionSettings

__all__ = ["DescribeCase", "SessionRecorder", "record_sessions", "recorded_job"]

DescribeCase = Callable[[str], Mapping[str, str]]
"""Gives the digests of a case and of its model, by the case's name."""

_WAITING_JOBS = 32
_IDLE_S = 0.5

_log = logging.getLogger("fluoropose.recording")


@dataclass(slots=True, eq=False)
class _Recording:
    """A session's file by its number, None once it has ended; `settings` are those that it was begun with."""

    file: int | None
    settings: SessionSettings
    jobs: int = 0


class SessionRecorder:
    """Records every session of a service in files of its own in one folder.

    `missed` counts the jobs that were not recorded because too many waited.
    """

    def __init__(self, folder: Path, machine: Mapping[str, Any], describe_case: DescribeCase) -> None:
        """Begin a thread that writes; InputError if the extra is missing, StorageError if the folder cannot be made."""
        require_h5py()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"expected a folder for recordings, got {folder}: {error.strerror}") from error
        self.missed = 0
        self._folder, self._machine, self._describe_case = folder, dict(machine), describe_case
        self._missed_since: WeakKeyDictionary[Session, int] = WeakKeyDictionary()
        self._recordings: WeakKeyDictionary[Session, _Recording] = WeakKeyDictionary()
        self._files = RecordingProcess()
        self._files.start()
        self._jobs: queue.Queue[tuple[Session, Job, JobResult, float] | None] = queue.Queue(_WAITING_JOBS)
        self._thread = threading.Thread(target=self._run, name="record", daemon=True)
        self._thread.start()

    @property
    def pending(self) -> int:
        """How many jobs wait to be written."""
        return self._jobs.qsize()

    def take(self, done: JobOutcome) -> None:
        """Leave a finished job to be written; one that gave no result, or of a one-shot registration, is none."""
        if isinstance(done.outcome, Exception) or not done.outcome.found or not done.session.name:
            return
        try:
            self._jobs.put_nowait((done.session, done.job, done.outcome, time.time()))
        except queue.Full:
            self.missed += 1
            self._missed_since[done.session] = self._missed_since.get(done.session, 0) + 1

    def close(self) -> None:
        """Write what waits, end every file, and stop the thread."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                taken = self._jobs.get(timeout=_IDLE_S)
            except queue.Empty:
                self._end_closed()
                continue
            if taken is None:
                break
            try:
                self._write(*taken)
            except Exception:
                _log.exception("a job could not be recorded")
            del taken
        self._files.close()

    def _write(self, session: Session, job: Job, result: JobResult, at_s: float) -> None:
        recording = self._recordings.get(session)
        if recording is None or recording.settings is not job.settings:
            self._end(recording)
            recording = self._recordings[session] = _Recording(self._begin(job), job.settings)
        if recording.file is None:
            return
        try:
            self._files.add(recording.file, recorded_job(job, result, at_s, self._missed_since.pop(session, 0)))
        except StorageError as error:
            _log.error("a recording has ended", extra={"fields": {"error": str(error), "jobs": recording.jobs}})
            recording.file = None
        else:
            recording.jobs += 1

    def _begin(self, job: Job) -> int | None:
        """Begin a file for a session whose settings are those of a job; None if that is not possible."""
        now = datetime.now(UTC)
        names = [task.tracked_object.case for task in job.tasks]
        names += [one.case for one in job.settings.objects if one.case not in names]
        names += [case for case in job.settings.directions.values() if case not in names]
        sides = {name: (one.camera.rows, one.camera.columns) for name, one in job.settings.cameras.items()}
        try:
            header = {
                "format": FORMAT,
                "began_at": now.isoformat(),
                "settings": settings_json(job.settings),
                "cases": {name: dict(self._describe_case(name)) for name in names},
                "machine": self._machine,
            }
            path = self._folder / f"session-{now:%Y%m%dT%H%M%S%fZ}.h5"
            file = self._files.begin(path, header, sides)
        except FluoroposeError as error:
            _log.error("a session is not recorded", extra={"fields": {"error": str(error)}})
            return None
        _log.info("recording", extra={"fields": {"file": str(path)}})
        return file

    def _end_closed(self) -> None:
        """End the files of sessions that are closed."""
        for session, recording in list(self._recordings.items()):
            if session.closed:
                self._end(recording)
                with suppress(KeyError):
                    del self._recordings[session]

    def _end(self, recording: _Recording | None) -> None:
        if recording is not None and recording.file is not None:
            self._files.end(recording.file)
            recording.file = None


def record_sessions(service: Service, folder: Path) -> SessionRecorder:
    """Return a recorder of a service's sessions; the errors are those of `SessionRecorder`."""

    def describe(name: str) -> dict[str, str]:
        return case_origin(service.resident(name).case, service.cases_root / name, service.models_root)

    return SessionRecorder(folder, machine_origin(service.device), describe)


def recorded_job(job: Job, result: JobResult, at_s: float, missed: int = 0) -> RecordedJob:
    """Return what is recorded of a job that ended at `at_s`, Unix time."""
    plans = {task.tracked_object.case: task.plan for task in job.tasks}
    sights = [one for one in job.camera_frames if one.frame.ticket in result.views]
    return RecordedJob(
        tuple(
            RecordedView(
                one.frame.camera, result.views[one.frame.ticket].pixels, one.frame.seq, one.frame.moment_s,
                one.placed.camera_from_world, one.kept,
            )
            for one in sights
        ),
        tuple(
            RecordedObject(
                case, plans[case].start, plans[case].nearby, one.world_from_volume, one.status, one.reason,
                one.confidence, one.covariance, one.timing_ms,
            )
            for case, one in result.found.items()
        ),
        job.moment_s, at_s, job.again, job.is_search, result.timing_ms, missed,
    )  # fmt: skip
