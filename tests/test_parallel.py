"""Tasks in parallel: results in order, tasks that run tasks, a busy pool, errors raised when all is done."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from fluoropose.parallel import available_cores, run_in_pool, run_parallel, shared_pool, thread_count


@pytest.fixture
def one_thread():
    """A pool of one thread, whatever this machine has."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture(params=["one core", "two cores"])
def pool(request, one_thread):
    return one_thread if request.param == "two cores" else None


def test_results_come_in_the_order_of_the_tasks(pool):
    assert run_in_pool([partial(pow, n, 2) for n in range(7)], pool) == [n * n for n in range(7)]
    assert run_in_pool([], pool) == []


def test_a_task_may_run_tasks_itself(pool):
    def inner(n):
        return sum(run_in_pool([partial(pow, n, k) for k in range(4)], pool))

    assert run_in_pool([partial(inner, n) for n in range(5)], pool) == [1 + n + n**2 + n**3 for n in range(5)]


def test_an_error_is_raised_when_no_task_runs_any_more(pool):
    ended = []

    def slow():
        time.sleep(0.05)
        ended.append(True)

    def wrong():
        raise ValueError("no good")

    for tasks in ([wrong, slow], [slow, wrong]):
        with pytest.raises(ValueError, match="no good"):
            run_in_pool(tasks, pool)
        before = len(ended)
        time.sleep(0.1)
        assert len(ended) == before


def test_the_caller_runs_what_a_busy_pool_has_not_begun(one_thread):
    release = threading.Event()
    busy = one_thread.submit(release.wait, 10)
    here = threading.get_ident()
    assert run_in_pool([threading.get_ident] * 3, one_thread) == [here] * 3
    release.set()
    busy.result()


def test_a_free_pool_takes_its_part(one_thread):
    meeting = threading.Barrier(2, timeout=10)
    assert sorted(run_in_pool([meeting.wait, meeting.wait], one_thread)) == [0, 1]


def test_the_shared_pool_has_a_thread_for_each_core_but_the_callers():
    assert run_parallel([partial(pow, n, 2) for n in range(3)]) == [0, 1, 4]
    if thread_count() == 1:
        assert shared_pool() is None
        return
    meeting = threading.Barrier(thread_count(), timeout=10)
    assert sorted(run_parallel([meeting.wait] * thread_count())) == list(range(thread_count()))


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
