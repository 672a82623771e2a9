"""Work side by side: in order, divided again, with what the pool has not begun done by the caller, errors after all."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from fluoropose import parallel as module
from fluoropose.parallel import available_cores, run_parallel


@pytest.fixture(params=["one core", "two cores"])
def cores(request, monkeypatch):
    """A pool of a single thread, or none, whatever this machine has."""
    pool = ThreadPoolExecutor(1) if request.param == "two cores" else None
    monkeypatch.setattr(module, "_pool", lambda: pool)
    yield request.param
    if pool is not None:
        pool.shutdown()


def test_answers_come_in_the_order_of_the_tasks(cores):
    assert run_parallel([partial(pow, n, 2) for n in range(7)]) == [n * n for n in range(7)]
    assert run_parallel([]) == []


def test_a_task_may_be_divided_itself(cores):
    def inner(n):
        return sum(run_parallel([partial(pow, n, k) for k in range(4)]))

    assert run_parallel([partial(inner, n) for n in range(5)]) == [1 + n + n**2 + n**3 for n in range(5)]


def test_an_error_is_raised_when_nothing_runs_any_more(cores):
    ended = []

    def slow():
        time.sleep(0.05)
        ended.append(True)

    def wrong():
        raise ValueError("no good")

    for tasks in ([wrong, slow], [slow, wrong]):
        with pytest.raises(ValueError, match="no good"):
            run_parallel(tasks)
        before = len(ended)
        time.sleep(0.1)
        assert len(ended) == before


def test_the_caller_does_what_a_busy_pool_has_not_begun(monkeypatch):
    pool = ThreadPoolExecutor(1)
    monkeypatch.setattr(module, "_pool", lambda: pool)
    release = threading.Event()
    busy = pool.submit(release.wait, 10)
    here = threading.get_ident()
    assert run_parallel([threading.get_ident] * 3) == [here] * 3
    release.set()
    busy.result()
    pool.shutdown()


def test_a_free_pool_takes_its_part(monkeypatch):
    pool = ThreadPoolExecutor(1)
    monkeypatch.setattr(module, "_pool", lambda: pool)
    meeting = threading.Barrier(2, timeout=10)
    assert sorted(run_parallel([meeting.wait, meeting.wait])) == [0, 1]
    pool.shutdown()


@pytest.fixture
def machine(monkeypatch):
    """A machine of 64 cores with this text in its cgroup's cpu.max; None for no such file."""

    def made(text):
        def read(path):
            assert path == Path("/sys/fs/cgroup/cpu.max")
            if text is None:
                raise FileNotFoundError(path)
            return text

        monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(64)), raising=False)
        monkeypatch.setattr(Path, "read_text", read)

    return made


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("200000 100000\n", 2), ("150000 100000\n", 1), ("50000 100000\n", 1), ("max 100000\n", 64),
        ("99000000 100000\n", 64), ("", 64), ("broken\n", 64), (None, 64),
    ],
)  # fmt: skip
def test_a_containers_quota_bounds_the_cores(machine, text, cores):
    machine(text)
    assert available_cores() == cores
