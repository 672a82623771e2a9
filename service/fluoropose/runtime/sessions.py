"""The open sessions: capacity, idle time, names nobody can guess."""

import secrets
import threading
import time

from fluoropose.errors import ConflictError, UnknownSessionError
from fluoropose.tracking.session import Session, SessionSettings

__all__ = ["SessionRegistry"]

MAX_SESSIONS = 256
IDLE_SECONDS = 600.0
"""A session without a frame for ten minutes belongs to a console that went away."""


class SessionRegistry:
    """Sessions by name; safe for several threads."""

    def __init__(self, capacity: int = MAX_SESSIONS, idle_s: float = IDLE_SECONDS) -> None:
        """Keep at most `capacity` sessions, each until it has been idle for `idle_s`."""
        self._capacity = capacity
        self._idle_s = idle_s
        self._sessions: dict[str, tuple[Session, float]] = {}
        self._lock = threading.Lock()
        self._expired = 0

    def open(self, settings: SessionSettings) -> Session:
        """Open a session, or raise ConflictError when as many are open as may be."""
        with self._lock:
            self._expire()
            if len(self._sessions) >= self._capacity:
                raise ConflictError(f"expected at most {self._capacity} open sessions, got one more; close some")
            session = Session(secrets.token_urlsafe(12), settings)
            self._sessions[session.name] = (session, time.monotonic())
            return session

    def get(self, name: str) -> Session:
        """Return an open session and count it as used now, or raise UnknownSessionError."""
        with self._lock:
            self._expire()
            if name not in self._sessions:
                raise UnknownSessionError(
                    f"expected an open session, got {name[:80]!r}: never opened, closed or expired"
                )
            session = self._sessions[name][0]
            self._sessions[name] = (session, time.monotonic())
            return session

    def close(self, name: str) -> None:
        """Close a session, or raise UnknownSessionError."""
        self.get(name)
        with self._lock:
            self._sessions.pop(name, None)

    def close_case(self, case: str) -> int:
        """Close all sessions of a case and return how many there were."""
        with self._lock:
            names = [name for name, (session, _) in self._sessions.items() if session.settings.case == case]
            for name in names:
                del self._sessions[name]
            return len(names)

    def take_expired(self) -> int:
        """Return how many sessions expired since the last call."""
        with self._lock:
            self._expire()
            count, self._expired = self._expired, 0
            return count

    def __len__(self) -> int:
        """Return the number of open sessions."""
        with self._lock:
            return len(self._sessions)

    def _expire(self) -> None:
        oldest = time.monotonic() - self._idle_s
        for name in [name for name, (_, used) in self._sessions.items() if used < oldest]:
            del self._sessions[name]
            self._expired += 1
