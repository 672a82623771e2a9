"""Work that is done side by side on the machine's cores, by the calling thread and a pool that all frames share.

The networks and the compiled kernels run without the interpreter's lock, so two threads have two cores. Who waits
works: what the pool has not begun once the caller is through with its own part, the caller does. So nothing is queued
behind the work of others, and a piece of work may itself be divided.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TypeVar

__all__ = ["available_cores", "run_parallel", "thread_count"]

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
    """Return what the tasks return, in their order. An error of one is raised when none is running any more."""
    pool = _pool() if len(tasks) > 1 else None
    if pool is None:
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
    """Return how many threads work side by side: the caller's and the pool's, one per core."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _pool() -> ThreadPoolExecutor | None:
    """Return a thread per core beside the caller's; None where there is one core only."""
    cores = thread_count()
    return ThreadPoolExecutor(cores - 1, "abreast") if cores > 1 else None
