"""What is not measured by coverage: others' code that runs for long, which measuring slows to half its speed."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from numba.core import event

__all__ = ["compile_untraced", "untraced"]


@contextmanager
def untraced() -> Iterator[None]:
    """Measure no coverage in this thread meanwhile."""
    trace = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(trace)


def compile_untraced() -> None:
    """Measure no coverage while numba compiles, from now on. A thread's compilations may be nested."""
    event.register("numba:compile", _Untraced())


class _Untraced(event.Listener):
    def __init__(self):
        self.threads = threading.local()

    def on_start(self, event):
        self.threads.outer = [*getattr(self.threads, "outer", []), sys.gettrace()]
        sys.settrace(None)

    def on_end(self, event):
        *self.threads.outer, trace = self.threads.outer
        sys.settrace(trace)
