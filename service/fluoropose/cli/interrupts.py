"""Ctrl-C that waits for a moment when work can be stopped and kept; a second one stops at once."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from fluoropose.evaluation.progress import ProgressBars, ProgressReport

__all__ = ["interruptible", "wait_for_end", "waiting_interrupt"]


def wait_for_end(ended: threading.Event) -> None:
    """Return at SIGTERM or Ctrl-C, or once `ended` is set; to be called from the main thread."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    while not ended.wait(0.5):
        pass


@contextmanager
def waiting_interrupt(say: Callable[[str], None]) -> Iterator[Callable[[], None]]:
    """Give a check that raises KeyboardInterrupt if Ctrl-C was pressed since the context began.

    Signals go to the main thread: in another one the check never raises.
    """
    asked = threading.Event()

    def check() -> None:
        if asked.is_set():
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield check
        return

    def ask(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        asked.set()
        # A line that is being written at this moment cannot be joined by another.
        with suppress(RuntimeError):
            say("stopping as soon as the work so far can be kept; Ctrl-C again stops at once")

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)


def interruptible(bars: ProgressBars, check: Callable[[], None]) -> ProgressBars:
    """Return bars whose reports end in a `check`: work is stopped where it tells of its progress."""

    @contextmanager
    def checked(title: str) -> Iterator[ProgressReport]:
        with bars(title) as report:

            def report_and_check(done: int, total: int, note: str = "") -> None:
                report(done, total, note)
                check()

            yield report_and_check

    return checked
