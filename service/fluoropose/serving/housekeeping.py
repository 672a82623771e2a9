"""What goes on beside the frames: expiry, the loop's lag, the collector's pauses, gauges, summaries in the log."""

import asyncio
import gc
import logging
import time
from typing import Any
from weakref import WeakKeyDictionary

import fluoropose
from fluoropose.inference.gpus import list_gpus
from fluoropose.inference.onnx_runtime import version as ort_version
from fluoropose.serving.stream import StreamRegistry
from fluoropose.telemetry.metrics import TRANSPORTS, Metrics
from fluoropose.tracking.session import Session

__all__ = ["Housekeeping", "STUCK_SECONDS"]

STUCK_SECONDS = 10.0
"""A frame that has kept the device for so long will not come back; the process is better started again."""

_BEAT_S = 0.1
_HOUSEKEEPING_S = 1.0
_GPU_S = 5.0
_SUMMARY_S = 10.0

_log = logging.getLogger("fluoropose.sessions")


class Housekeeping:
    """Runs on the event loop for as long as the service does."""

    def __init__(self, streams: StreamRegistry, metrics: Metrics) -> None:
        """Wire the gauges to what they tell."""
        self.streams = streams
        self.service = streams.broker.service
        self.metrics = metrics
        self.turned_s = time.monotonic()
        self._evicted = 0
        self._told: WeakKeyDictionary[Session, int] = WeakKeyDictionary()
        self._paused_ns = 0
        self._wire()

    def alive(self) -> bool:
        """Tell whether the event loop turns and no frame is stuck on the device."""
        turning = time.monotonic() - self.turned_s < STUCK_SECONDS
        return turning and not any(worker.stuck(STUCK_SECONDS) for worker in self.streams.broker.scheduler.workers)

    async def run(self) -> None:
        """Beat until cancelled."""
        gc.callbacks.append(self._collected)
        due = dict.fromkeys((self._housekeep, self._summarise, self._read_gpus), 0.0)
        every = {self._housekeep: _HOUSEKEEPING_S, self._summarise: _SUMMARY_S, self._read_gpus: _GPU_S}
        try:
            while True:
                asked = time.monotonic()
                await asyncio.sleep(_BEAT_S)
                self.turned_s = time.monotonic()
                self.metrics.loop_lag.observe(max(0.0, self.turned_s - asked - _BEAT_S))
                for work, at in due.items():
                    if self.turned_s >= at:
                        due[work] = self.turned_s + every[work]
                        await work()
        finally:
            gc.callbacks.remove(self._collected)

    async def _housekeep(self) -> None:
        self.metrics.loop_tasks.set(len(asyncio.all_tasks()))
        for session in self.service.sessions.take_expired():
            self.metrics.sessions.labels("expired").inc()
            self.streams.end(session, "expired")
        for session in self.service.sessions.take_evicted():
            self.metrics.sessions.labels("evicted").inc()
            self.streams.end(session, "expired")
        evicted = self.service.case_cache.evicted
        self.metrics.cases_evicted.inc(evicted - self._evicted)
        self._evicted = evicted

    async def _summarise(self) -> None:
        for session in self.service.sessions.all():
            if session.counters["received"] != self._told.get(session, 0):
                self._told[session] = session.counters["received"]
                fields = {
                    "session": session.name[:6],
                    "cases": {case: one.tracker.state.value for case, one in session.objects.items()},
                    "received": session.counters["received"],
                    "answered": session.counters["answered"],
                    "dropped": dict(session.dropped),
                }
                _log.info("session", extra={"fields": fields})

    async def _read_gpus(self) -> None:
        gpus = await self.streams.broker.run_off_loop(list_gpus)
        self.metrics.gpu_up.set(1.0 if gpus else 0.0)
        for number, gpu in enumerate(gpus):
            labels = (str(number), gpu.uuid)
            told = {
                self.metrics.gpu_utilization: gpu.utilisation,
                self.metrics.gpu_memory_used: gpu.memory_used_bytes,
                self.metrics.gpu_memory_total: gpu.memory_total_bytes,
                self.metrics.gpu_power: gpu.power_watts,
                self.metrics.gpu_temperature: gpu.temperature_celsius,
            }
            for gauge, value in told.items():
                if value is not None:
                    gauge.labels(*labels).set(value)

    def _collected(self, phase: str, info: dict[str, Any]) -> None:
        now = time.perf_counter_ns()
        if phase == "start":
            self._paused_ns = now
        else:
            self.metrics.gc_pause.observe((now - self._paused_ns) / 1e9)

    def _wire(self) -> None:
        service, broker, metrics = self.service, self.streams.broker, self.metrics
        case_cache, label, follows = service.case_cache, service.device.label, broker.scheduler.workers[0]
        metrics.build.info({"version": fluoropose.__version__, "ort_version": ort_version(), "device": label})
        metrics.provider.info({"provider": service.device.provider, "device": label})
        metrics.read("sessions_active", lambda: len(service.sessions))
        metrics.read("pending_frames", lambda: broker.pending)
        metrics.read("cases_resident", lambda: len(case_cache.names()))
        metrics.read("cases_bytes", case_cache.resident_bytes, location=label)
        metrics.read("atlas_bytes", case_cache.atlas_bytes, device=label)
        metrics.read("ready", lambda: float(service.readiness()["status"] == "ok"))
        metrics.read("draining", lambda: float(service.draining))
        metrics.read("degraded", lambda: float(bool(case_cache.fallback_nodes()) or service.faults > 0))
        metrics.read("fallback_nodes", case_cache.fallback_nodes)
        metrics.read("heartbeat", lambda: time.time() if follows.idle else follows.beat_at)
        for transport in TRANSPORTS[1:]:
            metrics.streams_active.labels(transport).set(0.0)
