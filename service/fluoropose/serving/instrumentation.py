"""What the metrics record of frames, registrations and results; nothing is decided here."""

from weakref import WeakKeyDictionary

import numpy as np

from fluoropose.arrays import Mat44, Vec3
from fluoropose.geometry.rigid import transform
from fluoropose.geometry.rotation import angle_between
from fluoropose.registration.assessment import Status
from fluoropose.registration.result import Registration
from fluoropose.serving.messages import FrameResult
from fluoropose.telemetry.metrics import Metrics
from fluoropose.tracking.jobs import DroppedFrame, ObjectTask
from fluoropose.tracking.session import Session

__all__ = ["Instrumentation"]


class Instrumentation:
    """Records frames, registrations and results in the metrics."""

    def __init__(self, metrics: Metrics) -> None:
        """Record in these metrics."""
        self.metrics = metrics
        self._arrivals: WeakKeyDictionary[Session, int] = WeakKeyDictionary()
        self._ages: WeakKeyDictionary[Session, float] = WeakKeyDictionary()

    def record_received(self, session: Session, transport: str, now_ns: int) -> None:
        """Record a frame that arrived."""
        self.metrics.frames_received.labels(transport).inc()
        before = self._arrivals.get(session)
        if before is not None:
            self.metrics.frame_interval.observe((now_ns - before) / 1e9)
        self._arrivals[session] = now_ns

    def record_dropped(self, drop: DroppedFrame) -> None:
        """Record a frame that will not be answered."""
        self.metrics.frames_dropped.labels(drop.reason).inc()
        if drop.reason.startswith("stale"):
            self.metrics.registration_status.labels("stale").inc()

    def record_failure(self, reason: str) -> None:
        """Record a failure of the service on a frame: "backend" for the device, "other" for a fault."""
        self.metrics.failures.labels(reason).inc()

    def record_registration(self, task: ObjectTask, found: Registration, model: str, lost: bool) -> None:
        """Record an object's registration; `lost` says that the object's track began to search with it."""
        metrics, status, plan = self.metrics, found.assessment.status, task.plan
        metrics.confidence.labels(model).observe(found.assessment.confidence)
        metrics.similarity.labels(model).observe(found.likeness)
        if plan.start is None:
            metrics.reinit.labels("search").inc()
        if plan.start is not None and plan.nearby:
            moved_mm, turned_deg = _innovation(
                plan.start, found.world_from_volume, task.tracked_object.tracker.centre_mm
            )
            metrics.innovation_mm.labels(model).observe(moved_mm)
            metrics.innovation_deg.labels(model).observe(turned_deg)
        if lost:
            metrics.lost.labels("lost" if status is Status.LOST else "doubt").inc()

    def record_result(self, session: Session, transport: str, result: FrameResult) -> None:
        """Record a result that goes to the client now."""
        metrics, age_s, status = self.metrics, result.age_ms / 1e3, result.registration.assessment.status.value
        metrics.frames_completed.labels(transport, status).inc()
        metrics.registration_status.labels(status.lower()).inc()
        about = {"fluoropose.session": session.name[:6], "fluoropose.transport": transport, "fluoropose.status": status}
        exemplar = metrics.traces.record_frame(session, age_s, result.timing_ms, about)
        metrics.frame_age.labels(transport).observe(age_s, exemplar)
        if result.leads:
            metrics.instants.labels(str(len(result.views))).inc()
            metrics.observe_stages(result.timing_ms, result.first.model, exemplar)
        before = self._ages.get(session)
        if before is not None:
            metrics.result_jitter.observe(abs(age_s - before))
        self._ages[session] = age_s


def _innovation(start: Mat44, found: Mat44, centre_mm: Vec3) -> tuple[float, float]:
    """Return how far the centre moved in mm and the object turned in degrees."""
    moved = np.linalg.norm(transform(found, centre_mm) - transform(start, centre_mm))
    return float(moved), float(np.rad2deg(angle_between(found[:3, :3], start[:3, :3])))
