import asyncio

import pytest

from fluoropose.imaging.xray import PixelMeaning
from fluoropose.io.frames import npy_bytes
from fluoropose.serving.messages import EncodedFrame
from fluoropose.serving.wiring import wire_serving
from fluoropose.tracking.session_settings import SessionSettings
from support.serving import metric, started_service


@pytest.fixture(scope="module")
def started(cases_root, models_root):
    return started_service(cases_root, models_root)


@pytest.fixture
def stage(started, camera, pose, frame):
    """A service with parts of its own, and how to open sessions and make frames."""

    class Stage:
        service = started
        parts = wire_serving(started)
        metrics, broker, streams = parts.metrics, parts.broker, parts.streams

        def session(self, **change):
            fields = {"case": "small", "camera": camera, "meaning": PixelMeaning.INTENSITY, "initial_pose": pose}
            return started.open_session(SessionSettings.from_camera(**(fields | change)))

        def frame(self, pixels=None, **meta):
            return EncodedFrame(npy_bytes(frame if pixels is None else pixels), "application/x-npy", **meta)

        def run(self, work):
            return asyncio.run(asyncio.wait_for(work, 60))

        def count(self, name, **labels):
            return metric(self.parts, name, **labels)

        def accounted(self):
            """received, answered, dropped over all transports."""
            totals = {"frames_received_total": 0.0, "frames_completed_total": 0.0, "frames_dropped_total": 0.0}
            for family in self.metrics.registry.collect():
                for sample in family.samples:
                    name = sample.name.removeprefix("fluoropose_")
                    if name in totals:
                        totals[name] += sample.value
            return tuple(totals.values())

    stage = Stage()
    started.draining, started.faults = False, 0
    yield stage
    stage.broker.close()
    for session in started.sessions.all():
        started.sessions.close(session.name)
