"""What the metrics record: frames, drops, registrations and results."""

from types import SimpleNamespace

import numpy as np
import pytest

from fluoropose.errors import FrameError
from fluoropose.registration.assessment import Status
from fluoropose.registration.plan import Plan
from fluoropose.serving.instrumentation import Instrumentation
from fluoropose.telemetry.metrics import Metrics
from fluoropose.tracking.jobs import DroppedFrame, ObjectTask
from support import sessions
from support.results import made_registration, made_result


@pytest.fixture
def counted():
    metrics = Metrics()

    def value(name, **labels):
        return metrics.registry.get_sample_value(f"fluoropose_{name}", labels) or 0.0

    return SimpleNamespace(record=Instrumentation(metrics), value=value)


def task(start, nearby=True):
    followed = next(iter(sessions.session().objects.values()))
    return ObjectTask(followed, Plan(start, nearby))


def test_frames_are_counted_with_the_time_between_them(counted):
    session = sessions.session()
    for now_ns in (0, 40_000_000):
        counted.record.record_received(session, "ws", now_ns)
    assert counted.value("frames_received_total", transport="ws") == 2.0
    assert counted.value("frame_interval_seconds_sum") == pytest.approx(0.04)


def test_a_stale_frame_is_counted_as_a_status_too(counted):
    for reason in ("stale_queue", "invalid"):
        counted.record.record_dropped(DroppedFrame(1, 0, reason, FrameError("expected a frame, got none")))
    assert counted.value("frames_dropped_total", reason="stale_queue") == 1.0
    assert counted.value("registration_status_total", status="stale") == 1.0


def test_a_registration_is_counted_with_its_distance_from_the_plan(counted):
    start = np.eye(4)
    start[0, 3] = 3.0
    counted.record.record_registration(task(start), made_registration(), "m", lost=False)
    assert counted.value("pose_innovation_millimeters_sum", model="m") == pytest.approx(3.0)
    assert counted.value("registration_confidence_sum", model="m") == 0.75
    counted.record.record_registration(task(None), made_registration(Status.LOST), "m", lost=True)
    assert counted.value("reinit_total", cause="search") == 1.0
    assert counted.value("tracking_lost_total", cause="lost") == 1.0
    assert counted.value("pose_innovation_millimeters_count", model="m") == 1.0


def test_frames_of_one_instant_count_as_one_pose(counted):
    session = sessions.session()
    for leads, age_ms in ((True, 10.0), (False, 14.0)):
        counted.record.record_result(session, "grpc", made_result(leads=leads, age_ms=age_ms, views=("a", "b")))
    assert counted.value("frames_completed_total", transport="grpc", status="TRACKING") == 2.0
    assert counted.value("instants_total", views="2") == 1.0
    assert counted.value("result_jitter_seconds_sum") == pytest.approx(0.004)
