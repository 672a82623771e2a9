"""The worker: its limits hold, it ends with whoever started it, and it tells no more than it should."""

import io
import json
import os
import pickle
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from fluoropose.drr.atlas import AtlasGrid
from fluoropose.drr.prepare import ViewChoice
from fluoropose.io.cases import list_cases
from fluoropose.io.preparation import CaseRequest
from fluoropose.serving.preparation_process import WORKER_COMMAND
from fluoropose.serving.preparation_worker import PreparationLimits, PreparationTask, run_task
from support.meshes import box_mesh, stl_bytes

START = f"""
import subprocess, sys, time
worker = subprocess.Popen({WORKER_COMMAND!r}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
worker.stdout.readline()
print(worker.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def task(tmp_path):
    (tmp_path / "part.stl").write_bytes(stl_bytes(box_mesh()))
    choice = ViewChoice(np.eye(3), 900.0, AtlasGrid(2.0, 2.0))
    request = CaseRequest(tmp_path / "part.stl", choice, material="steel")
    return PreparationTask(request, tmp_path / "cases" / "part", PreparationLimits())


def reported(task):
    reports = io.BytesIO()
    last = run_task(task, reports)
    return [json.loads(line) for line in reports.getvalue().splitlines()], last


def test_a_task_is_done_and_its_progress_told(task):
    told, last = reported(task)
    assert last == {"done": True}
    assert told[-1] == {"progress": [9, 9]}
    assert list_cases(task.folder.parent) == ["part"]


def test_an_error_is_told_with_its_code_and_a_fault_with_its_place(task, tmp_path):
    task.request.ct.write_bytes(b"")
    assert reported(task)[1] == {"error": "invalid-mesh", "text": "expected a mesh, got an empty .stl file"}
    broken = PreparationTask(None, task.folder, task.limits)
    assert reported(broken)[1] == {"fault": "AttributeError", "at": reported(broken)[1]["at"]}
    assert reported(broken)[1]["at"].startswith("run_task:")
    assert list_cases(task.folder.parent) == []


def test_an_upload_is_bounded_before_it_is_read(task, tmp_path):
    (tmp_path / "volume.nrrd").write_bytes(b"NRRD0004\ntype: short\nsizes: 4 4 4\ndata file: /etc/passwd\n\n")
    request = CaseRequest(tmp_path / "volume.nrrd", task.request.choice)
    last = reported(PreparationTask(request, task.folder, task.limits))[1]
    assert last["error"] == "invalid-volume"
    assert "names other files" in last["text"]


def run(task):
    """Run a task in a worker of its own; return its reports and its exit code."""
    done = subprocess.run(WORKER_COMMAND, input=pickle.dumps(task), stdout=subprocess.PIPE, timeout=120)
    return [json.loads(line) for line in done.stdout.splitlines()], done.returncode


def test_a_worker_whose_input_ends_ends(task):
    assert run(None)[0][0] == {"ready": True}
    done = subprocess.run(WORKER_COMMAND, input=b"", stdout=subprocess.PIPE, timeout=120)
    assert (done.returncode, done.stdout) == (0, b'{"ready": true}\n')


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with the one that started it")
def test_a_worker_ends_when_its_service_is_killed():
    service = subprocess.Popen([sys.executable, "-c", START], stdout=subprocess.PIPE)
    worker = int(service.stdout.readline())
    os.kill(worker, 0)
    service.kill()
    service.communicate()
    deadline = time.monotonic() + 20
    while _lives(worker):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _lives(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False


def held(task, **limits):
    """Run a task in a worker that is held open, as the service holds it; return its last report and how it ended."""
    limited = PreparationTask(task.request, task.folder, PreparationLimits(**limits))
    worker = subprocess.Popen(WORKER_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    worker.stdin.write(pickle.dumps(limited))
    worker.stdin.flush()
    lines = worker.stdout.read().splitlines()
    code = worker.wait(60)
    worker.stdin.close()
    worker.stdout.close()
    return json.loads(lines[-1]), code


def test_more_memory_than_allowed_is_an_error_or_the_end_of_the_worker(task):
    last, code = held(task, address_bytes=200 * 2**20)
    assert "fault" in last or "error" in last or code != 0, (last, code)
    assert list_cases(task.folder.parent) == []


def test_more_computing_than_allowed_ends_the_worker(task):
    # Its imports alone have taken longer than that by now.
    _, code = held(task, cpu_s=1.0)
    assert code == -signal.SIGXCPU


def test_a_file_longer_than_allowed_is_an_error(task):
    last, code = held(task, file_bytes=100_000)
    assert (last["error"], code) == ("storage-failed", 0)
    assert list(task.folder.parent.iterdir()) == []


def test_within_the_limits_the_case_is_made(task):
    assert held(task) == ({"done": True}, 0)
    assert list_cases(task.folder.parent) == ["part"]
