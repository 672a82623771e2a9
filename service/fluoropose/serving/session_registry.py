"""The open sessions: how many there may be in all and per key, how long one may idle, names that nobody can guess."""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Mapping

from fluoropose.arrays import Vec3
from fluoropose.errors import NotReadyError, UnknownSessionError
from fluoropose.tracking.session import Session
from fluoropose.tracking.session_settings import SessionSettings

__all__ = ["IDLE_SECONDS", "MAX_SESSIONS", "OverloadedError", "SessionRegistry"]

MAX_SESSIONS = 256
MAX_SESSIONS_PER_KEY = 64
IDLE_SECONDS = 600.0
"""A session that had no frame for ten minutes belongs to a console that went away."""


class OverloadedError(NotReadyError):
    """More frames, sessions or cases at once than are allowed."""

    code = "overloaded"


class SessionRegistry:
    """Sessions by name; safe for several threads."""

    def __init__(
        self,
        capacity: int = MAX_SESSIONS,
        idle_s: float = IDLE_SECONDS,
        per_key: int = MAX_SESSIONS_PER_KEY,
        prefix: str = "",
    ) -> None:
        """Keep at most `capacity` sessions, `per_key` of one owner, each until it has been idle for `idle_s`.

        Their names begin with `prefix`, by which a fleet knows whose they are.
        """
        self.capacity = capacity
        self._prefix = prefix
        self._per_key = per_key
        self._idle_s = idle_s
        self._sessions: dict[str, tuple[Session, float]] = {}
        self._lock = threading.Lock()
        self._evicted: list[Session] = []

    def open(self, settings: SessionSettings, centres_mm: Mapping[str, Vec3], owner: str = "") -> Session:
        """Open a session, or raise OverloadedError when as many are open as may be.

        A session that was opened and never fed makes room for one more, the oldest first.
        """
        with self._lock:
            if len(self._sessions) >= self.capacity and not self._evict():
                raise OverloadedError(f"expected at most {self.capacity} open sessions, got one more; close some")
            if owner and self._count(owner) >= self._per_key:
                raise OverloadedError(f"expected at most {self._per_key} open sessions of one key, got one more")
            session = Session.open(self._prefix + secrets.token_urlsafe(12), settings, centres_mm, owner)
            self._sessions[session.name] = (session, time.monotonic())
            return session

    def get(self, name: str, owner: str = "") -> Session:
        """Return an open session and count it as used now, or raise UnknownSessionError.

        With `owner`, the sessions of others do not exist.
        """
        with self._lock:
            session, used = self._sessions.get(name, (None, 0.0))
            if session is None or used < time.monotonic() - self._idle_s or (owner and session.owner != owner):
                raise UnknownSessionError(
                    f"expected an open session, got {name[:80]!r}: never opened, closed or expired"
                )
            self._sessions[name] = (session, time.monotonic())
            return session

    def close(self, name: str) -> None:
        """Forget a session, or raise UnknownSessionError."""
        with self._lock:
            if self._sessions.pop(name, None) is None:
                raise UnknownSessionError(f"expected an open session, got {name[:80]!r}")

    def of_case(self, case: str) -> list[Session]:
        """Return the sessions that need a case."""
        with self._lock:
            return [session for session, _ in self._sessions.values() if case in session.cases]

    def all(self) -> list[Session]:
        """Return every open session."""
        with self._lock:
            return [session for session, _ in self._sessions.values()]

    def cases_in_use(self) -> set[str]:
        """Return the names of the cases that sessions need."""
        with self._lock:
            return {case for session, _ in self._sessions.values() for case in session.cases}

    def take_expired(self) -> list[Session]:
        """Forget the sessions that were idle for too long and return them."""
        oldest = time.monotonic() - self._idle_s
        with self._lock:
            expired = [session for session, used in self._sessions.values() if used < oldest]
            for session in expired:
                del self._sessions[session.name]
            return expired

    def take_evicted(self) -> list[Session]:
        """Return the sessions that made room since the last call."""
        with self._lock:
            evicted, self._evicted = self._evicted, []
            return evicted

    def __len__(self) -> int:
        """Return the number of open sessions."""
        with self._lock:
            return len(self._sessions)

    def _evict(self) -> bool:
        unfed = [session for session, _ in self._sessions.values() if session.awaits_first_frame]
        if unfed:
            del self._sessions[unfed[0].name]
            self._evicted.append(unfed[0])
        return bool(unfed)

    def _count(self, owner: str) -> int:
        return Counter(session.owner for session, _ in self._sessions.values())[owner]
