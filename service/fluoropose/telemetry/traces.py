"""Traces of requests and of some frames (extra `otel`); histograms keep their ids as exemplars.

A frame has a span only now and then, and where it was slow: spans of all frames would cost more than they tell. A span
is made once what it tells of is over, so that nothing is carried through the code. No span holds the name of a case, a
pose, or anything of a frame's content.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary, finalize

from fluoropose.errors import InputError

__all__ = ["Exemplar", "FrameSampling", "Traces", "open_traces"]

Exemplar = dict[str, str] | None
"""The ids of a trace and a span as an exemplar's labels, or None where there is no span."""


@dataclass(frozen=True, slots=True)
class FrameSampling:
    """Which frames have a span: the first of so many, and those whose results were older (s) when handed over."""

    every: int = 300
    slow_s: float = 0.1


class Traces:
    """Makes spans with a provider of OpenTelemetry; without one it makes none."""

    def __init__(self, provider: Any = None, sampling: FrameSampling = FrameSampling()) -> None:
        self._provider = provider
        self._tracer: Any = None if provider is None else provider.get_tracer("fluoropose")
        self._sampling = sampling
        self._frames = 0
        self._sessions: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def record_request(
        self, name: str, seconds: float, attributes: Mapping[str, str | int], traceparent: str = ""
    ) -> Exemplar:
        """Make the span of a call that took so long, below the caller's if it sent its W3C `traceparent`."""
        if self._tracer is None:
            return None
        return self._span(name, seconds, attributes, _parent(traceparent))

    def record_frame(
        self, session: Any, age_s: float, timing_ms: Mapping[str, float], attributes: Mapping[str, str | int]
    ) -> Exemplar:
        """Make the span of a frame that is answered now, below its session's, if the frame is one that has a span."""
        if self._tracer is None:
            return None
        self._frames += 1
        if (self._frames - 1) % self._sampling.every and age_s < self._sampling.slow_s:
            return None
        stages = {f"fluoropose.{stage}_ms": round(value, 3) for stage, value in timing_ms.items()}
        return self._span("frame", age_s, {**attributes, **stages}, self._session(session))

    def close(self) -> None:
        """Send what was not sent yet."""
        if self._provider is not None:
            self._provider.shutdown()

    def _span(self, name: str, seconds: float, attributes: Mapping[str, str | int | float], parent: Any) -> Exemplar:
        ended_ns = time.time_ns()
        began_ns = ended_ns - int(1e9 * seconds)
        span = self._tracer.start_span(name, parent, start_time=began_ns, attributes=attributes)
        span.end(ended_ns)
        ids = span.get_span_context()
        if not ids.trace_flags.sampled:
            return None
        return {"trace_id": f"{ids.trace_id:032x}", "span_id": f"{ids.span_id:016x}"}

    def _session(self, session: Any) -> Any:
        """Return the context of a session's span, which ends with the session."""
        from opentelemetry.trace import set_span_in_context

        if session not in self._sessions:
            span = self._tracer.start_span("session")
            finalize(session, span.end)
            self._sessions[session] = set_span_in_context(span)
        return self._sessions[session]


def open_traces(endpoint: str, version: str, sampling: FrameSampling = FrameSampling()) -> Traces:
    """Return traces that are sent to an address of OTLP over HTTP (http://host:4318/v1/traces).

    Raises
    ------
    InputError
        If the extra `otel` is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise InputError(
            f"expected the otel extra, got no module {error.name}: pip install 'fluoropose[otel]'"
        ) from error
    resource = Resource.create({"service.name": "fluoropose", "service.version": version})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return Traces(provider, sampling)


def _parent(traceparent: str) -> Any:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": traceparent})
