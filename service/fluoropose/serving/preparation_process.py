"""Cases are prepared in a process of their own: what it dies of is one failed case. One is kept ready beside.

The process is told what to do once and may be ended at any moment: it writes only into the folder of its job.
"""

import contextlib
import json
import logging
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fluoropose.errors import FluoroposeError
from fluoropose.io.preparation import CaseRequest
from fluoropose.serving.case_preparation import CaseSteps
from fluoropose.serving.preparation_worker import PreparationLimits, PreparationTask

__all__ = ["PreparationFailedError", "PreparationProcess", "WORKER_COMMAND"]

_log = logging.getLogger("fluoropose.cases")

_START = """
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL: before the imports, which take a second
if os.name != "nt" and sys.argv[1:] and os.getppid() != int(sys.argv[1]):
    sys.exit("the service ended")
from fluoropose.serving.preparation_worker import main
main()
"""
WORKER_COMMAND = (sys.executable, "-c", _START)
"""What starts a process that waits for a task; it is told the id of the one that starts it."""

_LOOK_S = 0.02
"""So often it is looked whether the case is still wanted and the time is not up."""

_END_S = 2.0
"""So long a process that has said its last word may take to end by itself, so that its return code tells how."""

_LINE_BYTES = 64 * 2**10
_LINES = 100_000
"""A longer line or more lines than these are no report of ours."""


class PreparationFailedError(FluoroposeError):
    """The process that prepared a case failed or died; `code` is that of the error it told."""

    def __init__(self, message: str, code: str = "internal") -> None:
        super().__init__(message)
        self.code = code


class PreparationProcess:
    """Prepares one case at a time in a process that is used once, and keeps the next one ready."""

    def __init__(
        self, limits: PreparationLimits = PreparationLimits(), command: Sequence[str] = WORKER_COMMAND
    ) -> None:
        """Prepare within limits; `command` starts a process that speaks as `preparation_worker` does."""
        self._limits, self._command = limits, command
        self._spare: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._closed = False

    def warm(self) -> None:
        """Start the process that will prepare the next case, if there is none; it takes a second to be ready."""
        with self._lock, contextlib.suppress(OSError):
            if self._spare is None and not self._closed:
                self._spare = self._start()

    @property
    def waiting(self) -> int | None:
        """The id of the process that waits for a case, None if there is none or it has died."""
        with self._lock:
            return None if self._spare is None or self._spare.poll() is not None else self._spare.pid

    def close(self) -> None:
        """End the process that waits, and start no other."""
        with self._lock:
            self._closed = True
            spare, self._spare = self._spare, None
        if spare is not None:
            _end(spare)
            _close(spare)

    def prepare(self, request: CaseRequest, folder: Path, steps: CaseSteps) -> None:
        """Prepare a case in its folder and tell `steps` how far it is.

        Raises
        ------
        CaseCancelledError
            Soon after the case is not wanted any more; the process has ended by then.
        PreparationFailedError
            If the process told an error, took too much of anything, or died.
        """
        process = self._take()
        # The next one imports while this one works: a case that waits then begins at once.
        self.warm()
        reports: queue.Queue[bytes] = queue.Queue(_LINES)
        reader = threading.Thread(target=_read, args=(process, reports), name="preparing-reports", daemon=True)
        try:
            reader.start()
            _send(process, PreparationTask(request, folder, self._limits))
            last = self._follow(reports, steps)
            if not last.keys() & {"late", "strange"}:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_END_S)
        finally:
            _end(process)
            reader.join()
            _close(process)
        if "done" not in last:
            raise self._failure(last, process.returncode)

    def _take(self) -> "subprocess.Popen[bytes]":
        with self._lock:
            process, self._spare = self._spare, None
        if process is not None:
            if process.poll() is None:
                return process
            _close(process)
        try:
            return self._start()
        except OSError as error:
            raise PreparationFailedError(
                f"expected to start a process for the case, got: {error.strerror}", "overloaded"
            ) from error

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [*self._command, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def _follow(self, reports: "queue.Queue[bytes]", steps: CaseSteps) -> dict[str, Any]:
        """Return the last report, {} if the process ended without one, {"unready"} if it never began, {"late"}."""
        ends, ready = time.monotonic() + self._limits.wall_s, False
        while time.monotonic() < ends:
            steps.require_wanted()
            try:
                line = reports.get(timeout=_LOOK_S)
            except queue.Empty:
                continue
            report = _understood(line)
            if "progress" in report:
                steps.render(*report["progress"])
            elif "ready" in report:
                ready = True
            else:
                return report if report or ready else {"unready": True}
        return {"late": True}

    def _failure(self, last: dict[str, Any], returncode: int) -> PreparationFailedError:
        """Return in words why there is no case."""
        limits = self._limits
        memory = f"more memory than the {limits.address_bytes / 2**30:.3g} GiB that preparing a case may use"
        if "error" in last:
            return PreparationFailedError(str(last["text"]), str(last["error"]))
        if last.get("fault") == "MemoryError":
            return PreparationFailedError(f"expected a volume that can be prepared, got one that needs {memory}")
        if "fault" in last:
            _log.error("a case could not be prepared", extra={"fields": {"exception": last["fault"], "at": last["at"]}})
            return PreparationFailedError(f"an unexpected fault of {last['fault']}; the log holds where")
        if "unready" in last:
            _log.error("a preparing process could not begin", extra={"fields": {"returncode": returncode}})
            return PreparationFailedError(f"the process that prepares cases could not begin ({_death(returncode)})")
        if "strange" in last:
            return PreparationFailedError("the process that prepared it told what is no report: the file is damaged")
        if "late" in last:
            return PreparationFailedError(f"expected to be prepared within {limits.wall_s:g} s, got no end")
        if returncode == -getattr(signal, "SIGXCPU", 0):
            return PreparationFailedError(f"expected to be prepared within {limits.cpu_s:g} s of computing, got no end")
        if returncode == -getattr(signal, "SIGKILL", 0):
            return PreparationFailedError("the process that prepared it was killed, most likely for want of memory")
        _log.error("a preparing process died", extra={"fields": {"returncode": returncode}})
        return PreparationFailedError(
            f"the process that prepared it died ({_death(returncode)}): the file is damaged, or needs {memory}"
        )


def _send(process: "subprocess.Popen[bytes]", task: PreparationTask) -> None:
    """Tell a process its task. Its input stays open: when that ends, so does the process."""
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(pickle.dumps(task))
        process.stdin.flush()


def _read(process: "subprocess.Popen[bytes]", reports: "queue.Queue[bytes]") -> None:
    """Hand over the lines that a process writes, and b"" when it writes no more or a line is too long."""
    assert process.stdout is not None
    for _ in range(_LINES - 2):
        line = process.stdout.readline(_LINE_BYTES)
        if line:
            reports.put(line)
        if not line.endswith(b"\n"):
            break
    reports.put(b"")


def _understood(line: bytes) -> dict[str, Any]:
    """Return a report, {} at the end of all, {"strange"} for what is none.

    A process that reads hostile files is not believed more than those.
    """
    if not line:
        return {}
    strange = {"strange": True}
    try:
        report = json.loads(line)
        if not isinstance(report, dict):
            return strange
        if "progress" in report:
            done, total = report["progress"]
            return report if type(done) is type(total) is int and 0 <= done <= total > 0 else strange
        return report if tuple(report) in (("ready",), ("done",), ("error", "text"), ("fault", "at")) else strange
    except (ValueError, TypeError, RecursionError):
        return strange


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process, if it has not ended by itself, and wait until it has."""
    if process.poll() is None:
        process.kill()
    process.wait()


def _close(process: "subprocess.Popen[bytes]") -> None:
    """Close what was left open to a process that has ended."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _death(returncode: int) -> str:
    try:
        return signal.Signals(-returncode).name
    except ValueError:
        return f"exit code {returncode}"
