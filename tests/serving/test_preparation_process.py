"""The process of a preparation: whatever it dies of is one failed case in words, and it ends when it is told to."""

import os
import signal
import sys
import threading
import time
from contextlib import ExitStack, closing

import numpy as np
import pytest

from fluoropose.drr.atlas import AtlasGrid
from fluoropose.drr.prepare import ViewChoice
from fluoropose.io.cases import load_case
from fluoropose.io.preparation import CaseRequest
from fluoropose.serving.case_preparation import CaseCancelledError, CaseSteps
from fluoropose.serving.case_records import CaseRecord
from fluoropose.serving.preparation_process import WORKER_COMMAND, PreparationFailedError, PreparationProcess
from fluoropose.serving.preparation_worker import PreparationLimits
from support.dicom import ends_gdcm, enhanced_bytes
from support.meshes import box_mesh, stl_bytes

IMPORTS = "import json, os, resource, signal, sys, time;"
SPEAK = IMPORTS + "print(json.dumps({'ready': True}), flush=True); sys.stdin.buffer.read(1);"
"""The beginning of a process that waits for its task and then does what a test makes it do."""


@pytest.fixture
def process():
    """Make a preparation whose process does what a test tells it; it is closed at the end."""
    with ExitStack() as stack:

        def make(words=None, **limits):
            command = WORKER_COMMAND if words is None else (sys.executable, "-c", SPEAK + words)
            return stack.enter_context(closing(PreparationProcess(PreparationLimits(**limits), command)))

        yield make


def steps():
    return CaseSteps(CaseRecord("mine", "preparing"))


@pytest.fixture
def request_of(tmp_path):
    (tmp_path / "part.stl").write_bytes(stl_bytes(box_mesh()))
    return CaseRequest(tmp_path / "part.stl", ViewChoice(np.eye(3), 900.0, AtlasGrid(2.0, 2.0)), material="steel")


def test_a_case_is_made_by_another_process_and_the_next_one_waits(tmp_path, request_of, process):
    with_steps, preparing = steps(), process()
    preparing.warm()
    first = preparing.waiting
    preparing.prepare(request_of, tmp_path / "part", with_steps)
    assert preparing.waiting not in (first, None)
    preparing.close()
    assert preparing.waiting is None
    assert load_case(tmp_path / "part").volume.values.max() == pytest.approx(0.6912, abs=1e-4)
    assert with_steps.record.step == "rendering the first views"
    assert with_steps.record.progress == pytest.approx(0.8)


def test_an_error_of_the_reader_comes_over_in_its_words(tmp_path, process):
    (tmp_path / "volume.nrrd").write_bytes(b"NRRD0004\nnothing\n\n")
    with pytest.raises(PreparationFailedError) as raised:
        process().prepare(CaseRequest(tmp_path / "volume.nrrd", ViewChoice(np.eye(3))), tmp_path / "part", steps())
    assert raised.value.code == "invalid-volume"
    assert "volume.nrrd" in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == ["volume.nrrd"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "killed, most likely for want of memory"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", r"died \(SIGSEGV\): the file is damaged"),
        ("os.kill(os.getpid(), signal.SIGXCPU)", "within 240 s of computing"),
        ("sys.exit(7)", r"died \(exit code 7\)"),
        ("print(json.dumps({'fault': 'MemoryError', 'at': 'read:1'}))", "needs more memory than the 8 GiB"),
        ("print(json.dumps({'fault': 'KeyError', 'at': 'read:1'}))", "an unexpected fault of KeyError"),
        ("print(json.dumps({'error': 'invalid-volume', 'text': 'no CT'}))", "no CT"),
        ("print('x' * 200_000)", "told what is no report"),
        ("print('[' * 60_000)", "told what is no report"),
        ("print(json.dumps({'progress': [3, 0]}))", "told what is no report"),
        ("print(json.dumps({'progress': ['a', 'b']}))", "told what is no report"),
        ("print(json.dumps({'done': True, 'and': 1}))", "told what is no report"),
        ("print(json.dumps(['done']))", "told what is no report"),
    ],
)
def test_whatever_it_dies_of_or_says_is_one_failure_in_words(tmp_path, request_of, process, words, said):
    with pytest.raises(PreparationFailedError, match=said):
        process(words).prepare(request_of, tmp_path / "part", steps())


def test_what_takes_too_long_is_ended(tmp_path, request_of, process):
    began = time.monotonic()
    with pytest.raises(PreparationFailedError, match="expected to be prepared within 0.3 s, got no end"):
        process("time.sleep(60)", wall_s=0.3).prepare(request_of, tmp_path / "part", steps())
    assert time.monotonic() - began < 30


def test_a_case_that_is_not_wanted_any_more_ends_its_process(tmp_path, request_of, process):
    """Though it says nothing and takes no signal but the last."""
    pid = tmp_path / "pid"
    words = f"signal.signal(signal.SIGTERM, signal.SIG_IGN); open({str(pid)!r}, 'w').write(str(os.getpid()));"
    wanted = steps()
    threading.Thread(target=lambda: (_until(pid.exists), wanted.record.cancelled.set())).start()
    with pytest.raises(CaseCancelledError):
        process(words + "time.sleep(60)").prepare(request_of, tmp_path / "part", wanted)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_a_process_that_dies_before_it_begins_does_not_blame_the_file(tmp_path, request_of):
    with closing(PreparationProcess(command=(sys.executable, "-c", "raise SystemExit(3)"))) as preparing:
        with pytest.raises(PreparationFailedError, match=r"could not begin \(exit code 3\)"):
            preparing.prepare(request_of, tmp_path / "part", steps())


def test_a_process_that_cannot_be_started_is_a_failure_too(tmp_path, request_of):
    preparing = PreparationProcess(command=(str(tmp_path / "nothing"),))
    preparing.warm()
    with pytest.raises(PreparationFailedError, match="expected to start a process for the case"):
        preparing.prepare(request_of, tmp_path / "part", steps())


def test_a_volume_that_ends_gdcm_is_one_failed_case(tmp_path, process):
    (tmp_path / "ct.dcm").write_bytes(ends_gdcm(enhanced_bytes(np.zeros((24, 30, 3)), order=range(3))))
    view = ViewChoice(np.eye(3), 900.0, AtlasGrid(2.0, 2.0))
    with pytest.raises(PreparationFailedError, match=r"died \(SIGABRT\): the file is damaged"):
        process().prepare(CaseRequest(tmp_path / "ct.dcm", view, hu_window=(100.0, 3000.0)), tmp_path / "case", steps())


def test_one_that_died_while_it_waited_is_not_used(tmp_path, request_of, process):
    preparing = process()
    preparing.warm()
    os.kill(preparing.waiting, signal.SIGKILL)
    _until(lambda: preparing.waiting is None)
    preparing.prepare(request_of, tmp_path / "part", steps())
    assert load_case(tmp_path / "part").name == "part"


def _until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
