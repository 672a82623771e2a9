"""A worker's resident cases follow what is kept: one that was deleted leaves with its sessions, an idle one alone.

Where the cases are kept may be out of reach for a while. What is resident is then served on.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from fluoropose.errors import StorageError
from fluoropose.serving.on_demand_store import OnDemandStore
from fluoropose.serving.service import Service
from fluoropose.serving.stream_registry import StreamRegistry

__all__ = ["CaseRefresh"]

_log = logging.getLogger("fluoropose.cases")


@dataclass(slots=True, eq=False)
class CaseRefresh:
    """Looks every `every_s` at the cases of a service; one that no session used for `idle_s` leaves."""

    service: Service
    streams: StreamRegistry
    store: OnDemandStore
    every_s: float = 5.0
    idle_s: float = 1800.0
    clock_s: Callable[[], float] = time.monotonic
    _used: dict[str, tuple[int, float]] = field(default_factory=dict)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(self.every_s)
            await self.look()

    async def look(self) -> None:
        """Look once."""
        for name in list(self.service.records):
            try:
                changed = await asyncio.to_thread(self.store.has_changed, name)
            except StorageError as error:
                _log.warning("the cases cannot be reached", extra={"fields": {"code": error.code}})
                break
            if changed is None:
                await self.forget(name)
            elif changed and name not in self.service.sessions.cases_in_use():
                await asyncio.to_thread(self.service.forget, name)
        self.service.case_cache.evict(self._idle())

    async def forget(self, case: str) -> None:
        """End the sessions of a case that was deleted, and free it."""
        await self.streams.release_case(case)
        await asyncio.to_thread(self.service.forget, case)

    def _idle(self) -> list[str]:
        """Return the resident cases that were not used for too long."""
        now_s, in_use = self.clock_s(), self.service.sessions.cases_in_use()
        before, self._used = self._used, {}
        for name, uses in self.service.case_cache.uses().items():
            seen, since_s = before.get(name, (uses, now_s))
            self._used[name] = (uses, now_s if seen != uses or name in in_use else since_s)
        return [name for name, (_, since_s) in self._used.items() if now_s - since_s > self.idle_s]
