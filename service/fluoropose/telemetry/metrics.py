"""All exported metrics. Units are base units, no label is an id, and every known label value starts at zero."""

from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    disable_created_metrics,
    generate_latest,
    start_http_server,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from fluoropose.telemetry.traces import Exemplar, Traces

__all__ = ["LATENCY_BUCKETS", "Metrics", "TRANSPORTS"]

LATENCY_BUCKETS = (
    0.001, 0.002, 0.004, 0.008, 0.012, 0.016, 0.020, 0.025, 0.0333, 0.040, 0.050, 0.0667, 0.080, 0.100, 0.1333,
    0.200, 0.333, 0.5, 1.0, 2.5,
)  # fmt: skip
"""Seconds. Edges lie on the frame periods of 30, 15 and 7.5 fps, so that an objective is one ratio of buckets."""

TRANSPORTS = ("http", "ws", "grpc")
_DROPS = ("superseded", "stale_queue", "stale_emit", "rejected", "invalid", "failed", "disconnected", "draining")
_STATUSES = ("tracking", "low_confidence", "lost", "stale")
_SHARES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
_MILLIMETRES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_DEGREES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 45.0)
_SHORT = (0.0005, 0.001, 0.002, 0.005, 0.010, 0.020, 0.050, 0.100, 0.250, 1.0)


class Metrics:
    """The metrics of one service, in a registry of their own, so that two services in one process share no counts."""

    def __init__(self, traces: Traces | None = None) -> None:
        """Create all metrics; the ids of spans that `traces` makes become exemplars of histograms."""
        self.traces = traces or Traces()
        disable_created_metrics()
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._traffic()
        self._stages()
        self._state()
        self._tracking()
        self._machine()

    def text(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        return generate_latest(self.registry)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Return all metrics, and their media type, in the format that a scraper accepts: OpenMetrics has exemplars."""
        encode, media_type = choose_encoder(accept)
        return encode(self.registry), media_type

    def serve(self, port: int) -> Callable[[], None]:
        """Answer scrapes on a loopback port from a thread of its own, even while the event loop stalls.

        Return a function that ends the thread. Raise OSError if the port is taken.
        """
        server, thread = start_http_server(port, "127.0.0.1", self.registry)

        def end() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return end

    def read(self, name: str, source: Callable[[], float], **labels: str) -> None:
        """Let a gauge call `source` for its value at each scrape."""
        gauge: Gauge = getattr(self, name)
        (gauge.labels(**labels) if labels else gauge).set_function(source)

    def observe_stages(self, timing_ms: Mapping[str, float], model: str, exemplar: Exemplar = None) -> None:
        """Add one frame's times, in ms by stage, to the histograms of a model."""
        for stage, value in timing_ms.items():
            if stage in ("locate", "regress", "refine"):
                self.infer_duration.labels(model, stage).observe(value / 1e3, exemplar)
            elif stage in self._of_stage:
                self._of_stage[stage].labels(model).observe(value / 1e3, exemplar)

    def _traffic(self) -> None:
        self.build = self._info("build", "What is running")
        self.requests = self._counter("requests", "Calls by transport, route and code", "transport", "method", "code")
        self.request_duration = self._times("request_duration", "First byte to answer", "transport", "method")
        self.frames_received = self._counter("frames_received", "Frames that arrived", "transport")
        self.frames_completed = self._counter("frames_completed", "Frames answered with a pose", "transport", "status")
        self.frames_dropped = self._counter("frames_dropped", "Frames not answered with a pose", "reason")
        self.instants = self._counter("instants", "Poses handed over, by how many views they are of", "views")
        self.frame_age = self._times("frame_age", "Capture (or arrival) to hand-over of the pose", "transport")
        self.frame_interval = self._times("frame_interval", "Between two frames of a session, by arrival")
        self.result_jitter = self._times("result_jitter", "Change of a session's frame age from result to result")
        for transport in TRANSPORTS:
            self.frames_received.labels(transport)
            self.frame_age.labels(transport)
            for status in _STATUSES[:3]:
                self.frames_completed.labels(transport, status.upper())
        for reason in _DROPS:
            self.frames_dropped.labels(reason)
        for views in ("1", "2", "3", "4"):
            self.instants.labels(views)

    def _stages(self) -> None:
        self.queue_duration = self._times("queue_duration", "Waiting for the device", "model")
        self.decode_duration = self._times("decode_duration", "Bytes to pixels", "model")
        self.preprocess_duration = self._times("preprocess_duration", "Pixels to line integrals", "model")
        self.infer_duration = self._times("infer_duration", "Search, coarse and fine steps", "model", "stage")
        self.postprocess_duration = self._times("postprocess_duration", "Judging the pose", "model")
        self._of_stage = {
            "queue": self.queue_duration,
            "decode": self.decode_duration,
            "preprocess": self.preprocess_duration,
            "quality": self.postprocess_duration,
        }

    def _state(self) -> None:
        self.sessions_active = self._gauge("sessions_active", "Open sessions")
        self.streams_active = self._gauge("streams_active", "Attached streams", "transport")
        self.tls_handshakes = self._gauge("tls_handshakes", "TLS handshakes of HTTP that are open, or failed", "state")
        self.pending_frames = self._gauge("pending_frames", "Frames that wait for the device")
        self.cases_resident = self._gauge("cases_resident", "Cases in memory")
        self.cases_bytes = self._gauge("cases_bytes", "Bytes of resident cases with their networks", "location")
        self.atlas_bytes = self._gauge("atlas_bytes", "Bytes of all resident atlases", "device")
        self.ready = self._gauge("ready", "1 while frames are taken")
        self.degraded = self._gauge("degraded", "1 while another device serves than was hoped for")
        self.draining = self._gauge("draining", "1 while going away")
        self.heartbeat = self._gauge(
            "inference_thread_heartbeat_timestamp_seconds", "When the engine's thread last took or finished work"
        )
        self.fallback_nodes = self._gauge("cpu_fallback_nodes", "Nodes on the CPU although the device is another")
        self.provider = self._info("execution_provider", "Where the networks run")
        self.sessions = self._counter("sessions", "Sessions by how they began or ended", "outcome")
        self.cases_evicted = self._counter("cases_evicted", "Cases that made room for others")
        for outcome in ("opened", "closed", "expired", "evicted", "failed"):
            self.sessions.labels(outcome)
        for transport in TRANSPORTS[1:]:
            self.streams_active.labels(transport)

    def _tracking(self) -> None:
        self.registration_status = self._counter("registration_status", "Results by what they say", "status")
        self.confidence = self._histogram("registration_confidence", "Confidence of poses", _SHARES, "model")
        self.similarity = self._histogram("similarity", "Likeness of the edges at the pose", _SHARES, "model")
        self.innovation_mm = self._histogram(
            "pose_innovation_millimeters", "From the predicted to the found pose, at the object", _MILLIMETRES, "model"
        )
        self.innovation_deg = self._histogram(
            "pose_innovation_degrees", "From the predicted to the found pose", _DEGREES, "model"
        )
        self.lost = self._counter("tracking_lost", "Times a track was lost", "cause")
        self.reinit = self._counter("reinit", "Times a track began again", "cause")
        self.failures = self._counter("inference_failures", "Frames on which the engine failed", "reason")
        for status in _STATUSES:
            self.registration_status.labels(status)
        for cause in ("lost", "doubt"):
            self.lost.labels(cause)
        for cause in ("search", "client"):
            self.reinit.labels(cause)
        for reason in ("backend", "other"):
            self.failures.labels(reason)

    def _machine(self) -> None:
        self.loop_lag = self._histogram("event_loop_lag_seconds", "How late the event loop turns", _SHORT)
        self.loop_tasks = self._gauge("event_loop_tasks", "Tasks of the event loop")
        self.gc_pause = self._histogram("gc_pause_seconds", "Pauses of the garbage collector", _SHORT)
        self.auth_failures = self._counter("auth_failures", "Calls refused without a valid key", "reason")
        for reason in ("missing", "unknown", "expired", "scope"):
            self.auth_failures.labels(reason)
        self.gpu_up = self._gauge("gpu_up", "1 if the driver answers")
        labels = ("gpu", "uuid")
        self.gpu_utilization = self._gauge("gpu_utilization_ratio", "Busy share", *labels)
        self.gpu_memory_used = self._gauge("gpu_memory_used_bytes", "Memory in use", *labels)
        self.gpu_memory_total = self._gauge("gpu_memory_total_bytes", "Memory there is", *labels)
        self.gpu_power = self._gauge("gpu_power_watts", "Power drawn", *labels)
        self.gpu_temperature = self._gauge("gpu_temperature_celsius", "Temperature", *labels)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"fluoropose_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"fluoropose_{name}", text, labels, registry=self.registry)

    def _info(self, name: str, text: str) -> Info:
        return Info(f"fluoropose_{name}", text, registry=self.registry)

    def _times(self, name: str, text: str, *labels: str) -> Histogram:
        return self._histogram(f"{name}_seconds", text, LATENCY_BUCKETS, *labels)

    def _histogram(self, name: str, text: str, buckets: Any, *labels: str) -> Histogram:
        return Histogram(f"fluoropose_{name}", text, labels, buckets=buckets, registry=self.registry)
