"""One parallel kernel at a time: numba's plainest threading layer does not bear two, and two would share the cores."""

import threading

__all__ = ["ONE_KERNEL"]

ONE_KERNEL = threading.Lock()
"""Held around every launch of a parallel kernel; launches last a few milliseconds."""
