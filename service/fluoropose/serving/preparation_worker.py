"""The process in which cases are prepared: it reads what strangers uploaded, within limits, and may die of it.

It is started with its imports done, waits for one task on its standard input, writes the case's folder and reports on
its standard output, one JSON object a line: {"ready"}, {"progress": [done, total]}, and at the end {"done"}, {"error",
"text"} or {"fault", "at"}. It ends when the service does. What libraries print goes nowhere: it may quote a patient.
"""

import json
import os
import pickle
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from fluoropose.errors import FluoroposeError
from fluoropose.io.preparation import CaseRequest, prepare_ct
from fluoropose.io.stored_pixels import decode_in_this_process
from fluoropose.io.upload_bounds import check_upload

if sys.platform != "win32":
    import resource

__all__ = ["PreparationLimits", "PreparationTask", "limit_process", "main", "run_task"]

_REPORT_S = 0.05
"""Progress is reported at most so often."""

_NICENESS = 5
"""Frames go before preparations where both want the processor."""


@dataclass(frozen=True, slots=True)
class PreparationLimits:
    """What preparing one case may use: bytes of address space and of one file, seconds of the processor and in all.

    A CT of 512 x 512 x 600 voxels takes 3 GB to select its object in.
    """

    address_bytes: int = 8 * 2**30
    file_bytes: int = 8 * 2**30
    cpu_s: float = 240.0
    wall_s: float = 300.0
    open_files: int = 256


@dataclass(frozen=True, slots=True, eq=False)
class PreparationTask:
    """What a worker is told to do: a request, the folder that the case becomes, and the limits."""

    request: CaseRequest
    folder: Path
    limits: PreparationLimits


def main() -> None:
    """Wait for one task, do it and end."""
    reports = _take_standard_output()
    _end_with_parent_alone()
    _step_aside()
    _report(reports, {"ready": True})
    try:
        task = pickle.load(sys.stdin.buffer)
    except EOFError:
        return
    threading.Thread(target=_end_with_input, daemon=True).start()
    limit_process(task.limits)
    decode_in_this_process()
    _report(reports, run_task(task, reports))
    # The interpreter's end would run what a damaged process left behind.
    os._exit(0)


def run_task(task: PreparationTask, reports: BinaryIO) -> dict[str, Any]:
    """Prepare the case of a task, report progress, and return the last report."""
    told_s = 0.0

    def progress(done: int, total: int) -> None:
        nonlocal told_s
        now = time.monotonic()
        if now - told_s >= _REPORT_S or done == total:
            told_s = now
            _report(reports, {"progress": [done, total]})

    try:
        check_upload(task.request.ct)
        if task.request.label_map is not None:
            check_upload(task.request.label_map)
        prepare_ct(task.request, task.folder, progress=progress)
    except FluoroposeError as error:
        return {"error": error.code, "text": str(error)[:4000]}
    except Exception as error:
        return {"fault": type(error).__name__, "at": _place(error)}
    return {"done": True}


def _report(reports: BinaryIO, line: dict[str, Any]) -> None:
    reports.write(json.dumps(line).encode() + b"\n")
    reports.flush()


def _take_standard_output() -> BinaryIO:
    """Return the standard output for reports alone; what else is printed goes nowhere."""
    reports = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return reports


def _end_with_parent_alone() -> None:
    """Let signals that are meant for the service, and come to its whole group, end only the service."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _end_with_input() -> None:
    """End this process when its input ends, as it does with the service; for systems that do not see to it."""
    sys.stdin.buffer.read(1)
    os._exit(1)


def _step_aside() -> None:
    """Let frames go first, and let the system, when memory is short, end this process before the service."""
    if sys.platform == "win32":
        return
    os.nice(_NICENESS)
    try:
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    except OSError:
        # Only Linux has it, and only where it is not forbidden.
        pass


def limit_process(limits: PreparationLimits) -> None:
    """Let the system end this process if it takes more than `limits`; nothing on systems without such limits."""
    if sys.platform == "win32":
        return
    cpu_s = max(1, round(limits.cpu_s))
    for which, most in (
        (resource.RLIMIT_AS, limits.address_bytes),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, cpu_s),
    ):
        _, hard = resource.getrlimit(which)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (allowed, hard if which == resource.RLIMIT_CPU else allowed))
    # The service ends this process in time; this is for when there is no service any more.
    signal.setitimer(signal.ITIMER_REAL, limits.wall_s + 10.0)


def _place(error: Exception) -> str:
    """Return "function:line" of where an exception was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}"
