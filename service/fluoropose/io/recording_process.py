"""Writes recordings in a process of its own, so that whatever HDF5 does on a full disk leaves the service alone."""

import pickle
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from fluoropose.errors import StorageError
from fluoropose.io.recordings import RecordedJob

__all__ = ["RecordingProcess"]

_END_S = 20.0


class RecordingProcess:
    """Begins, fills and ends recordings, which have numbers. One thread at a time may use it.

    The process is started when it is first needed, and again after it has died; its recordings end with it.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._count = 0
        self._born: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def pid(self) -> int | None:
        """The process's id, None while there is none."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process before it is needed."""
        self._running()

    def begin(self, path: Path, header: Mapping[str, Any], cameras: Mapping[str, tuple[int, int]]) -> int:
        """Begin a file as `RecordingWriter` does and return its number; StorageError if that is not possible."""
        try:
            return self._begin(path, header, cameras)
        except StorageError:
            if self._process is not None:
                raise
        return self._begin(path, header, cameras)  # the process had died since its last answer

    def add(self, number: int, job: RecordedJob) -> None:
        """Write a job to a file. After StorageError that file has ended, with the jobs before."""
        try:
            self._ask("add", number, job)
        except StorageError:
            self._born.pop(number, None)
            raise

    def end(self, number: int) -> None:
        """End a file; one that has ended already is none."""
        if number in self._born:
            with suppress(StorageError):
                self._ask("end", number)
            self._born.pop(number, None)

    def close(self) -> None:
        """End every file and the process."""
        if self._process is None:
            return
        with suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()  # type: ignore[union-attr]
        self._process = None
        self._born.clear()

    def _begin(self, path: Path, header: Mapping[str, Any], cameras: Mapping[str, tuple[int, int]]) -> int:
        self._count += 1
        self._born[self._count] = self._running()
        try:
            self._ask("begin", self._count, path, dict(header), dict(cameras))
        except StorageError:
            self._born.pop(self._count, None)
            raise
        return self._count

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self.close()
            command = [sys.executable, "-m", "fluoropose.io.recording_child"]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self._process

    def _ask(self, action: str, number: int, *values: Any) -> None:
        process = self._born.get(number)
        if process is None or process is not self._process:
            raise StorageError("expected a recording that goes on, got one whose process has ended")
        try:
            pickle.dump((action, number, values), process.stdin, pickle.HIGHEST_PROTOCOL)  # type: ignore[arg-type]
            process.stdin.flush()  # type: ignore[union-attr]
            fault = pickle.load(process.stdout)  # type: ignore[arg-type]
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            self.close()
            raise StorageError(f"expected the recording process to answer, got: {error or 'its end'}") from error
        if fault:
            raise StorageError(fault)
