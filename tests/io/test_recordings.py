"""Recordings: every bit comes back; what is whole stays readable after a kill and on a full disk."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fluoropose
from fluoropose.errors import InputError, StorageError
from fluoropose.io.recordings import RecordingWriter, open_recording, require_h5py
from support.recordings import CAMERAS, HEADER, LARGE, LARGE_HEADER, large_job, made_job, read_all, same
from support.small_disk import small_disk


def write(path, jobs, **options):
    writer = RecordingWriter(path, HEADER, CAMERAS, **options)
    for job in jobs:
        writer.add(job)
    writer.close()


def test_every_bit_comes_back(tmp_path, rng):
    dtypes = (("uint8", "int16"), ("uint16", "float32"), ("float32", "uint8"))
    jobs = [made_job(rng, n, dtypes[n % 3], missed=n, is_search=n == 2) for n in range(7)]
    write(tmp_path / "a.h5", jobs)
    header, again = read_all(tmp_path / "a.h5")
    assert header == HEADER
    assert len(again) == 7
    assert all(same(one, other) for one, other in zip(jobs, again, strict=True))


def test_a_job_may_have_no_object_or_one_frame(tmp_path, rng):
    job = made_job(rng, 0)
    jobs = [made_job(rng, 1, objects=()), made_job(rng, 2, views=job.views[:1]), job]
    write(tmp_path / "a.h5", jobs)
    assert all(same(one, other) for one, other in zip(jobs, read_all(tmp_path / "a.h5")[1], strict=True))


def test_a_file_that_is_still_written_is_read_as_far_as_it_is(tmp_path, rng):
    writer = RecordingWriter(tmp_path / "a.h5", HEADER, CAMERAS)
    writer.add(made_job(rng, 0))
    assert len(read_all(tmp_path / "a.h5")[1]) == 1
    writer.add(made_job(rng, 1))
    assert len(read_all(tmp_path / "a.h5")[1]) == 2
    writer.close()


KILLED = """
import os, signal, sys, threading
import numpy as np
from fluoropose.io.recordings import RecordingWriter
from support.recordings import CAMERAS, HEADER, made_job

rng = np.random.default_rng(1)
writer = RecordingWriter(__import__("pathlib").Path(sys.argv[1]), HEADER, CAMERAS)
for n in range(100000):
    writer.add(made_job(rng, n))
    print(n, flush=True)
"""


def test_a_killed_process_leaves_every_whole_job(tmp_path):
    roots = [str(Path(fluoropose.__file__).parents[1]), str(Path(__file__).parents[1])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(roots)}
    command = [sys.executable, "-c", KILLED, str(tmp_path / "a.h5")]
    for _ in range(3):
        (tmp_path / "a.h5").unlink(missing_ok=True)
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(25):
            last = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        said = [last, *(int(line) for line in process.stdout.read().split())]
        process.wait(20)
        process.stdout.close()
        _, jobs = read_all(tmp_path / "a.h5")
        assert len(jobs) > said[-1]
        rng = np.random.default_rng(1)
        assert all(same(made_job(rng, n), job) for n, job in enumerate(jobs))


def test_a_disk_that_is_nearly_full_ends_it_and_leaves_every_whole_job(tmp_path, rng):
    with small_disk(tmp_path, 8 * 2**20) as disk:
        writer, jobs = RecordingWriter(disk / "a.h5", LARGE_HEADER, LARGE, 2 * 2**20), []
        with pytest.raises(StorageError, match=r"free bytes for .*a\.h5"):
            for n in range(1000):
                job = large_job(rng, n)
                writer.add(job)
                jobs.append(job)
        writer.close()
        _, again = read_all(disk / "a.h5")
    assert len(again) == writer.jobs > 10
    assert all(same(one, other) for one, other in zip(jobs, again, strict=True))


def test_pixels_of_another_type_are_refused_and_the_next_job_is_whole(tmp_path, rng):
    writer = RecordingWriter(tmp_path / "a.h5", HEADER, CAMERAS)
    with pytest.raises(StorageError, match="uint8, uint16, int16, float32"):
        writer.add(made_job(rng, 0, ("uint16", "float64")))
    writer.add(made_job(rng, 1))
    writer.close()
    (job,) = read_all(tmp_path / "a.h5")[1]
    assert [view.seq for view in job.views] == [1, 1]


def test_a_file_that_is_there_is_not_written_over(tmp_path):
    (tmp_path / "a.h5").write_bytes(b"mine")
    with pytest.raises(StorageError, match="expected to begin the recording"):
        RecordingWriter(tmp_path / "a.h5", HEADER, CAMERAS)
    assert (tmp_path / "a.h5").read_bytes() == b"mine"


def test_what_is_no_recording_is_refused(tmp_path):
    (tmp_path / "text.h5").write_text("no")
    with require_h5py().File(tmp_path / "bare.h5", "w", libver="latest") as file:
        file["jobs"] = np.zeros(3)
    write(tmp_path / "future.h5", [])
    with require_h5py().File(tmp_path / "future.h5", "r+", libver="latest") as file:
        file.attrs["header"] = '{"format": 2}'
    for name, words in (
        ("none.h5", "got no file"),
        ("text.h5", "expected a recording, got"),
        ("bare.h5", "no header"),
        ("future.h5", "format 1, got format 2"),
    ):
        with pytest.raises(InputError, match=words):
            with open_recording(tmp_path / name):
                pass


def test_without_the_extra_the_user_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(InputError, match=r"pip install 'fluoropose\[record\]'"):
        require_h5py()
