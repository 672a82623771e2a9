"""Recordings by another process: there and back, a disk that is full, a process that is killed."""

import os
import signal

import pytest

from fluoropose.errors import StorageError
from fluoropose.io.recording_process import RecordingProcess
from support.recordings import CAMERAS, HEADER, LARGE, LARGE_HEADER, large_job, made_job, read_all, same
from support.small_disk import fill, small_disk


@pytest.fixture
def process():
    process = RecordingProcess()
    yield process
    process.close()


def test_jobs_of_two_files_come_back(process, tmp_path, rng):
    numbers = [process.begin(tmp_path / f"{n}.h5", HEADER, CAMERAS) for n in range(2)]
    jobs = [made_job(rng, n) for n in range(4)]
    for n, job in enumerate(jobs):
        process.add(numbers[n % 2], job)
    process.end(numbers[0])
    process.close()
    for n in range(2):
        again = read_all(tmp_path / f"{n}.h5")[1]
        assert all(same(one, other) for one, other in zip(jobs[n::2], again, strict=True))


def test_a_disk_that_refuses_ends_the_file_and_leaves_every_whole_job(process, tmp_path, rng):
    """The disk is filled by others between the check and the writing, as far as a test can do that: 32 MiB are left
    free by a recording, so that it ends; what was written is whole, and the process goes on."""
    with small_disk(tmp_path, 64 * 2**20) as disk:
        file, jobs = process.begin(disk / "a.h5", LARGE_HEADER, LARGE), []
        for n in range(20):
            jobs.append(large_job(rng, n))
            process.add(file, jobs[-1])
        fill(disk, 2**20)
        with pytest.raises(StorageError, match="free bytes"):
            process.add(file, large_job(rng, 20))
        with pytest.raises(StorageError, match="process has ended"):
            process.add(file, large_job(rng, 21))
        process.close()
        assert all(same(one, other) for one, other in zip(jobs, read_all(disk / "a.h5")[1], strict=True))


def test_a_killed_process_ends_its_files_and_another_begins_new_ones(process, tmp_path, rng):
    file = process.begin(tmp_path / "a.h5", HEADER, CAMERAS)
    process.add(file, made_job(rng, 0))
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(StorageError):
        process.add(file, made_job(rng, 1))
    assert len(read_all(tmp_path / "a.h5")[1]) == 1
    process.end(file)
    for name in ("b.h5", "c.h5"):  # killed when nobody asks it anything, too
        other = process.begin(tmp_path / name, HEADER, CAMERAS)
        process.add(other, made_job(rng, 2))
        os.kill(process.pid, signal.SIGKILL)
        assert len(read_all(tmp_path / name)[1]) == 1
