"""Tasks that run in parallel on the machine's cores: in the calling thread and in a pool that all frames share.

The networks and the compiled kernels run without the interpreter's lock, so that two threads use two cores. A caller
that waits also works: it runs the tasks that the pool has not begun. So no task is queued behind the tasks of another
caller, and a task may itself run tasks in parallel.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TypeVar

__all__ = ["available_cores", "run_in_pool", "run_parallel", "shared_pool", "thread_count"]

T = TypeVar("T")


def available_cores() -> int:
    """Return the cores this process may use, cgroup quota included; at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return max(1, cores)
    return max(1, min(cores, int(quota) // int(period))) if quota.isdigit() else max(1, cores)


def run_parallel(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Run tasks in the calling thread and the shared pool; return their results in the order of the tasks.

    An error of a task is raised once no task is running any more.
    """
    return run_in_pool(tasks, shared_pool() if len(tasks) > 1 else None)


def run_in_pool(tasks: Sequence[Callable[[], T]], pool: Executor | None) -> list[T]:
    """Run tasks as `run_parallel` does, in the calling thread and in `pool`, or without one in the thread alone."""
    if pool is None or len(tasks) < 2:
        return [task() for task in tasks]
    others: dict[int, Future[T]] = {}
    own: dict[int, T] = {}
    try:
        others |= {number: pool.submit(tasks[number]) for number in range(1, len(tasks))}
        own[0] = tasks[0]()
        for number in reversed(others):
            if others[number].cancel():
                own[number] = tasks[number]()
    finally:
        for other in others.values():
            if not other.cancel():
                other.exception()
    return [own[number] if number in own else others[number].result() for number in range(len(tasks))]


@cache
def thread_count() -> int:
    """Return how many threads run tasks in parallel, the caller's included: one for each core of this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def shared_pool() -> ThreadPoolExecutor | None:
    """Return the pool that all callers share, with a thread for each core but one; None on a single core."""
    cores = thread_count()
    return ThreadPoolExecutor(cores - 1, "parallel") if cores > 1 else None
