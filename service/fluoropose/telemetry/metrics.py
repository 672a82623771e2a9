"""Every metric in one place (prometheus_client's one home). Base units; no ids as labels."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

__all__ = ["LATENCY_BUCKETS", "Metrics", "STAGES", "TRANSPORTS"]

LATENCY_BUCKETS = (
    0.001, 0.002, 0.004, 0.008, 0.012, 0.016, 0.020, 0.025, 0.0333, 0.040, 0.050, 0.0667, 0.080, 0.100, 0.1333,
    0.200, 0.333, 0.5, 1.0, 2.5,
)  # fmt: skip
"""Seconds; edges lie on the frame periods of 30, 15 and 7.5 fps, so that an objective is one ratio of buckets."""

TRANSPORTS = ("http", "ws")
STAGES = ("decode", "queue", "preprocess", "locate", "regress", "refine", "quality", "total")


class Metrics:
    """The exported metrics; each service has its own registry, so tests do not share counts."""

    def __init__(self) -> None:
        """Create all metrics, at zero."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.build = Info("fluoropose_build", "What is running", registry=self.registry)
        self.requests = Counter(
            "fluoropose_requests", "Requests by transport, route and status code",
            ("transport", "method", "code"), registry=self.registry,
        )  # fmt: skip
        self.request_duration = Histogram(
            "fluoropose_request_duration_seconds", "Time from first byte to answer",
            ("transport", "method"), buckets=LATENCY_BUCKETS, registry=self.registry,
        )  # fmt: skip
        self.frames_received = Counter(
            "fluoropose_frames_received", "Frames that arrived", ("transport",), registry=self.registry
        )
        self.frames_completed = Counter(
            "fluoropose_frames_completed", "Frames answered with a pose", ("transport", "status"),
            registry=self.registry,
        )  # fmt: skip
        self.frames_dropped = Counter(
            "fluoropose_frames_dropped", "Frames not answered with a pose", ("reason",), registry=self.registry
        )
        self.frame_age = Histogram(
            "fluoropose_frame_age_seconds", "From capture (or arrival) to hand-over of the pose",
            ("transport",), buckets=LATENCY_BUCKETS, registry=self.registry,
        )  # fmt: skip
        self.stage_duration = Histogram(
            "fluoropose_stage_duration_seconds", "Time of each stage of a frame", ("stage",),
            buckets=LATENCY_BUCKETS, registry=self.registry,
        )  # fmt: skip
        self.confidence = Histogram(
            "fluoropose_registration_confidence", "Confidence of poses",
            buckets=(0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0), registry=self.registry,
        )  # fmt: skip
        self.sessions_active = Gauge("fluoropose_sessions_active", "Open sessions", registry=self.registry)
        self.sessions = Counter(
            "fluoropose_sessions", "Sessions by how they began or ended", ("outcome",), registry=self.registry
        )
        self.cases_resident = Gauge("fluoropose_cases_resident", "Cases in memory", registry=self.registry)
        self.atlas_bytes = Gauge("fluoropose_atlas_bytes", "Bytes of all atlases", ("device",), registry=self.registry)
        self.ready = Gauge("fluoropose_ready", "1 while frames are taken", registry=self.registry)
        for stage in STAGES:
            self.stage_duration.labels(stage)
        for status in ("TRACKING", "LOW_CONFIDENCE", "LOST"):
            for transport in TRANSPORTS:
                self.frames_completed.labels(transport, status)
        for reason in ("superseded", "stale_queue", "rejected", "invalid", "disconnected", "draining"):
            self.frames_dropped.labels(reason)
        for outcome in ("opened", "closed", "expired"):
            self.sessions.labels(outcome)
        for transport in TRANSPORTS:
            self.frames_received.labels(transport)
            self.frame_age.labels(transport)

    def observe_stages(self, timing_ms: dict[str, float]) -> None:
        """Count one frame's stage times."""
        for stage, value in timing_ms.items():
            self.stage_duration.labels(stage).observe(value / 1e3)

    def text(self) -> bytes:
        """Return the exposition for a scrape."""
        return generate_latest(self.registry)
