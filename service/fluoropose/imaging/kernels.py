"""A lock so that one parallel kernel runs at a time.

The threading layer that numba has everywhere ("workqueue") must not be entered by two threads at once, and two kernels
would share the cores anyway.
"""

import threading

__all__ = ["ONE_KERNEL"]

ONE_KERNEL = threading.Lock()
"""Hold this lock while a parallel kernel runs; a run takes a few milliseconds."""
