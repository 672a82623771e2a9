"""A worker is a thread that does jobs one after another, taking sessions in fair turns."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from fluoropose.tracking.fair_queue import FairQueue
from fluoropose.tracking.session import Session

__all__ = ["Worker"]

_BACKGROUND_NICENESS = 10


class Worker:
    """One thread with its turns. `busy_since_s` is monotonic time, None while idle; `beat_at_s` is Unix time."""

    def __init__(self, name: str, background: bool = False) -> None:
        """Make the thread; a background thread has a lower priority where the system lets a thread have its own."""
        self.name = name
        self.turns: FairQueue[Session] = FairQueue()
        self.executor = ThreadPoolExecutor(1, name, initializer=_lower_priority if background else None)
        self.busy_since_s: float | None = None
        self.beat_at_s = time.time()

    @property
    def idle(self) -> bool:
        """Whether the worker can take a job."""
        return self.busy_since_s is None

    def begin(self) -> None:
        """Note that the worker took a job now."""
        self.busy_since_s, self.beat_at_s = time.monotonic(), time.time()

    def end(self) -> None:
        """Note that the worker's job is done and no other was taken."""
        self.busy_since_s, self.beat_at_s = None, time.time()

    def is_stuck(self, seconds: float) -> bool:
        """Tell whether one job has kept the worker busy for longer than `seconds`."""
        return self.busy_since_s is not None and time.monotonic() - self.busy_since_s > seconds


def _lower_priority() -> None:
    """Lower this thread's priority: on Linux a thread's native id is a process id to the scheduler."""
    if hasattr(os, "setpriority") and hasattr(os, "sched_getaffinity"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _BACKGROUND_NICENESS)
