"""Names of sessions carry their worker, so that nobody has to be asked where a session is: `WORKER.SESSION`."""

import re

from fluoropose.errors import InputError, UnknownSessionError

__all__ = ["check_worker_name", "worker_of"]

_WORKER = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def check_worker_name(name: str) -> str:
    """Return a worker's name, or raise InputError if it cannot be part of a session's name."""
    if not _WORKER.fullmatch(name):
        raise InputError(f"expected a worker's name of at most 32 of a-z, 0-9 and -, got {name[:80]!r}")
    return name


def worker_of(session: str) -> str:
    """Return the worker of a session, or raise UnknownSessionError if the name has none."""
    worker, dot, rest = session.partition(".")
    if not dot or not rest or not _WORKER.fullmatch(worker):
        raise UnknownSessionError(f"expected the session of a worker of this fleet, got {session[:80]!r}")
    return worker
