"""Tickets for browsers, which cannot give a WebSocket a header: a page gets one with its key, for one use, soon."""

import secrets
import time
from collections.abc import Callable

from fluoropose.errors import UnauthenticatedError
from fluoropose.serving.session_registry import OverloadedError

__all__ = ["TICKET_SECONDS", "Tickets"]

TICKET_SECONDS = 30.0
_MAX_TICKETS = 1024
_MAX_TICKETS_OF_KEY = 64


class Tickets:
    """The tickets that were not used yet; they belong to the event loop."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic, lasts_s: float = TICKET_SECONDS) -> None:
        """Let each ticket last for `lasts_s`."""
        self._clock_s = clock_s
        self._lasts_s = lasts_s
        self._tickets: dict[str, tuple[str, float]] = {}

    def issue(self, owner: str) -> str:
        """Return a new ticket of a key, or raise OverloadedError if as many as may be were not used yet."""
        self._forget_expired()
        of_key = sum(one == owner for one, _ in self._tickets.values())
        if len(self._tickets) >= _MAX_TICKETS or of_key >= _MAX_TICKETS_OF_KEY:
            raise OverloadedError("expected fewer tickets at once, got too many that were not used")
        ticket = secrets.token_urlsafe(32)
        self._tickets[ticket] = (owner, self._clock_s() + self._lasts_s)
        return ticket

    def redeem(self, ticket: str) -> str:
        """Return the key's id of a ticket, which is used up by that; raise UnauthenticatedError for another."""
        self._forget_expired()
        owner, _ = self._tickets.pop(ticket, (None, 0.0))
        if owner is None:
            raise UnauthenticatedError("expected a ticket that is new and was not used, got another", "ticket")
        return owner

    def _forget_expired(self) -> None:
        now = self._clock_s()
        while self._tickets:
            oldest = next(iter(self._tickets))
            if self._tickets[oldest][1] > now:
                return
            del self._tickets[oldest]
