"""What a worker of a fleet says of itself; the names are those of `fluoropose.fleet.worker_facts`."""

from typing import Any

import fluoropose
from fluoropose.serving.wiring import ServingParts
from fluoropose.telemetry.recent_quantile import RecentQuantile

__all__ = ["WorkerDescription"]


class WorkerDescription:
    """Describes a service again and again; the age of frames is that of the frames since the last few times."""

    def __init__(self, parts: ServingParts, name: str) -> None:
        """Describe under a name."""
        self._parts = parts
        self._name = name
        self._ages = RecentQuantile(parts.metrics.frame_age)

    def facts(self) -> dict[str, Any]:
        """Return the facts of now. Cheap: it reads counters."""
        service = self._parts.service
        cache, used = service.case_cache, service.sessions.cases_in_use()
        budget = cache.budget_bytes
        resident = cache.names()
        return {
            "worker": self._name,
            "version": fluoropose.__version__,
            "device": service.device.label,
            "sessions": len(service.sessions),
            "capacity": service.sessions.capacity,
            "cases": resident,
            "used_cases": sorted(used & set(resident)),
            "resident_bytes": cache.resident_bytes(),
            "spare_bytes": None if budget is None else budget - cache.bytes_of(used),
            "frame_age_ms": 1e3 * self._ages.read(0.99),
            "ready": service.readiness()["status"] == "ok",
            "draining": service.draining,
        }
