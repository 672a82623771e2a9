"""What runs beside the frames: expiry of sessions, lag of the event loop, pauses of the collector, gauges, logs."""

import asyncio
import gc
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import fluoropose
from fluoropose.inference.gpus import Gpu, list_gpus
from fluoropose.inference.onnx_runtime import version as ort_version
from fluoropose.serving.frame_broker import FrameBroker
from fluoropose.serving.stream_registry import StreamRegistry
from fluoropose.telemetry.metrics import TRANSPORTS
from fluoropose.tracking.session import Session

__all__ = ["Housekeeping", "Intervals"]

_log = logging.getLogger("fluoropose.sessions")


@dataclass(frozen=True, slots=True)
class Intervals:
    """How often housekeeping does what, in seconds.

    A job that has kept the device for `stuck_s` will not end; the process is better started again.
    """

    beat_s: float = 0.1
    expiry_s: float = 1.0
    gpu_s: float = 5.0
    summary_s: float = 10.0
    stuck_s: float = 10.0


class Housekeeping:
    """Runs on the event loop for as long as the service does."""

    def __init__(
        self,
        broker: FrameBroker,
        streams: StreamRegistry,
        intervals: Intervals = Intervals(),
        read_gpus: Callable[[], list[Gpu]] = list_gpus,
    ) -> None:
        """Connect the gauges to the values that they show."""
        self._broker = broker
        self._streams = streams
        self._service = broker.service
        self._metrics = broker.metrics
        self._intervals = intervals
        self._list_gpus = read_gpus
        self._turned_s = time.monotonic()
        self._evicted = 0
        self._received_at_summary: WeakKeyDictionary[Session, int] = WeakKeyDictionary()
        self._collection_began_ns = 0
        self._connect_gauges()

    def is_alive(self) -> bool:
        """Tell whether the event loop turns and no job is stuck on the device."""
        stuck_s = self._intervals.stuck_s
        return time.monotonic() - self._turned_s < stuck_s and not self._broker.is_stuck(stuck_s)

    async def run(self) -> None:
        """Beat until cancelled."""
        every = {
            self._end_idle_sessions: self._intervals.expiry_s,
            self._log_summaries: self._intervals.summary_s,
            self._read_gpus: self._intervals.gpu_s,
        }
        due = dict.fromkeys(every, 0.0)
        gc.callbacks.append(self._record_collection)
        try:
            while True:
                began = time.monotonic()
                await asyncio.sleep(self._intervals.beat_s)
                self._turned_s = time.monotonic()
                self._metrics.loop_lag.observe(max(0.0, self._turned_s - began - self._intervals.beat_s))
                for work, at in due.items():
                    if self._turned_s >= at:
                        due[work] = self._turned_s + every[work]
                        await work()
        finally:
            gc.callbacks.remove(self._record_collection)

    async def _end_idle_sessions(self) -> None:
        self._metrics.loop_tasks.set(len(asyncio.all_tasks()))
        sessions = self._service.sessions
        for outcome, ended in (("expired", sessions.take_expired()), ("evicted", sessions.take_evicted())):
            for session in ended:
                self._metrics.sessions.labels(outcome).inc()
                self._streams.end(session, "expired")
        evicted = self._service.case_cache.evicted
        self._metrics.cases_evicted.inc(evicted - self._evicted)
        self._evicted = evicted

    async def _log_summaries(self) -> None:
        """Log the sessions that received a frame since the last summary."""
        for session in self._service.sessions.all():
            shown = self._broker.describe(session)
            if shown.counters["received"] == self._received_at_summary.get(session, 0):
                continue
            self._received_at_summary[session] = shown.counters["received"]
            fields = {
                "session": shown.name.rpartition(".")[2][:6],
                "cases": {track.case: track.state.value for track in shown.tracks},
                "received": shown.counters["received"],
                "answered": shown.counters["answered"],
                "dropped": shown.dropped,
            }
            _log.info("session", extra={"fields": fields})

    async def _read_gpus(self) -> None:
        gpus = await self._broker.run_off_loop(self._list_gpus)
        self._metrics.gpu_up.set(1.0 if gpus else 0.0)
        for number, gpu in enumerate(gpus):
            values = {
                self._metrics.gpu_utilization: gpu.utilisation,
                self._metrics.gpu_memory_used: gpu.memory_used_bytes,
                self._metrics.gpu_memory_total: gpu.memory_total_bytes,
                self._metrics.gpu_power: gpu.power_watts,
                self._metrics.gpu_temperature: gpu.temperature_celsius,
            }
            for gauge, value in values.items():
                if value is not None:
                    gauge.labels(str(number), gpu.uuid).set(value)

    def _record_collection(self, phase: str, info: dict[str, Any]) -> None:
        """Record how long the garbage collector paused the process; the collector calls this at its start and stop."""
        now = time.perf_counter_ns()
        if phase == "start":
            self._collection_began_ns = now
        else:
            self._metrics.gc_pause.observe((now - self._collection_began_ns) / 1e9)

    def _connect_gauges(self) -> None:
        service, broker, metrics = self._service, self._broker, self._metrics
        case_cache, label = service.case_cache, service.device.label
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
        metrics.read("heartbeat", lambda: broker.heartbeat_s)
        for transport in TRANSPORTS[1:]:
            metrics.streams_active.labels(transport).set(0.0)
