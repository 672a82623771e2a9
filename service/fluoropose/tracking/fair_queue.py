"""Fair turns on a shared device: the member that was served longest ago is next.

So no member is served twice while another one waits.
"""

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

__all__ = ["FairQueue"]

Member = TypeVar("Member", bound=Hashable)


class FairQueue(Generic[Member]):
    """The order in which members, for instance sessions, were served."""

    def __init__(self) -> None:
        self._served: dict[Member, int] = {}
        self._count = 0

    def choose(self, waiting: Iterable[Member]) -> Member | None:
        """Return the member to serve of those that wait, or None if none waits.

        Members that were never served come first, in the order given.
        """
        chosen = min(waiting, key=lambda member: self._served.get(member, 0), default=None)
        if chosen is not None:
            self._count += 1
            self._served[chosen] = self._count
        return chosen

    def forget(self, member: Member) -> None:
        """Forget a member that has left."""
        self._served.pop(member, None)
