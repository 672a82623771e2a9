"""Whose turn it is on a shared device: who was served longest ago. No session is served twice while another waits."""

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

__all__ = ["FairQueue"]

Member = TypeVar("Member", bound=Hashable)


class FairQueue(Generic[Member]):
    """Remembers the order in which members were served."""

    def __init__(self) -> None:
        self._served: dict[Member, int] = {}
        self._count = 0

    def choose(self, waiting: Iterable[Member]) -> Member | None:
        """Return whom to serve of those who wait, in the order given where nobody was served yet; None for none."""
        chosen = min(waiting, key=lambda member: self._served.get(member, 0), default=None)
        if chosen is not None:
            self._count += 1
            self._served[chosen] = self._count
        return chosen

    def forget(self, member: Member) -> None:
        """Drop a member that left."""
        self._served.pop(member, None)
