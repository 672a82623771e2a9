"""Threads that the device is reached through: one follows, one searches, each taking sessions in fair turns."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from fluoropose.tracking.fair_queue import FairQueue
from fluoropose.tracking.session import Session

__all__ = ["Worker"]

_BACKGROUND_NICENESS = 10


class Worker:
    """One thread with its turns. `busy_since_s` is monotonic, None while idle."""

    def __init__(self, name: str, background: bool = False) -> None:
        """Make the thread; one in the background gives way to the others where the system lets threads do so."""
        self.name = name
        self.turns: FairQueue[Session] = FairQueue()
        self.executor = ThreadPoolExecutor(1, name, initializer=_give_way if background else None)
        self.busy_since_s: float | None = None
        self.beat_at = time.time()

    @property
    def idle(self) -> bool:
        """Whether the lane can take a frame."""
        return self.busy_since_s is None

    def begin(self) -> None:
        """Note that a frame was taken."""
        self.busy_since_s, self.beat_at = time.monotonic(), time.time()

    def end(self) -> None:
        """Note that it is done."""
        self.busy_since_s, self.beat_at = None, time.time()

    def stuck(self, seconds: float) -> bool:
        """Tell whether one frame has kept the lane for longer than that."""
        return self.busy_since_s is not None and time.monotonic() - self.busy_since_s > seconds


def _give_way() -> None:
    """Lower this thread's priority: on Linux a thread's native id is a process id to the scheduler."""
    if hasattr(os, "setpriority") and hasattr(os, "sched_getaffinity"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _BACKGROUND_NICENESS)
