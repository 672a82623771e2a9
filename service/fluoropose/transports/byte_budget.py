"""How many bytes of unfinished bodies and messages are held in memory, in all and for one holder."""

from collections import Counter
from dataclasses import dataclass, field

__all__ = ["ByteBudget"]


@dataclass(slots=True)
class ByteBudget:
    """A budget that holders (keys, or addresses where there are no keys) take from and give back to."""

    total_bytes: int
    holder_bytes: int
    _held: Counter[str] = field(default_factory=Counter)
    _sum: int = 0

    @property
    def held_bytes(self) -> int:
        """The bytes that are held now."""
        return self._sum

    def take(self, holder: str, count: int) -> bool:
        """Take bytes for a holder; return False, and take none, if that is more than may be held."""
        if self._sum + count > self.total_bytes or self._held[holder] + count > self.holder_bytes:
            return False
        self._sum += count
        self._held[holder] += count
        return True

    def give_back(self, holder: str, count: int) -> None:
        """Give bytes back that were taken."""
        self._sum -= count
        self._held[holder] -= count
        if self._held[holder] <= 0:
            del self._held[holder]
