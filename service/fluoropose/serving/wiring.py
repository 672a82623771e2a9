"""The parts that serve a service's sessions, built once in the order of their layers and given to every transport."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fluoropose.serving.frame_broker import FrameBroker
from fluoropose.serving.housekeeping import Housekeeping, Intervals
from fluoropose.serving.service import Service
from fluoropose.serving.session_recorder import SessionRecorder
from fluoropose.serving.stream_registry import StreamRegistry
from fluoropose.telemetry.metrics import Metrics
from fluoropose.telemetry.traces import Traces

__all__ = ["ServingParts", "wire_serving"]


@dataclass(frozen=True, slots=True, eq=False)
class ServingParts:
    """What a transport carries: the service, its frame broker, its streams, its housekeeping, and their metrics."""

    service: Service
    metrics: Metrics
    broker: FrameBroker
    streams: StreamRegistry
    housekeeping: Housekeeping

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Run housekeeping on this event loop; at the end take no more frames and stop the threads."""
        housekeeping = asyncio.create_task(self.housekeeping.run())
        try:
            yield
        finally:
            housekeeping.cancel()
            self.service.draining = True
            self.broker.close()


def wire_serving(
    service: Service,
    intervals: Intervals = Intervals(),
    recorder: SessionRecorder | None = None,
    traces: Traces | None = None,
) -> ServingParts:
    """Return the parts that serve a service, with metrics of their own; starting the service is the caller's.

    With a `recorder`, which is the caller's to close at the end, every session is recorded; `traces`, too, are the
    caller's to close.
    """
    metrics = Metrics(traces)
    broker = FrameBroker(service, metrics, recorder=recorder)
    streams = StreamRegistry(broker)
    return ServingParts(service, metrics, broker, streams, Housekeeping(broker, streams, intervals))
