import asyncio

import pytest

from fluoropose.imaging.xray import PixelMeaning
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.frames import npy_bytes
from fluoropose.serving.frame_broker import FrameBroker
from fluoropose.serving.messages import EncodedFrame
from fluoropose.serving.service import Service
from fluoropose.serving.stream import StreamRegistry
from fluoropose.telemetry.metrics import Metrics
from fluoropose.tracking.session_settings import SessionSettings


@pytest.fixture(scope="module")
def started(cases_root, models_root):
    service = Service(open_device("cpu", 1), cases_root, models_root)
    service.start()
    return service


@pytest.fixture
def stage(started, camera, pose, frame):
    """A service with a desk of its own, and how to open sessions and make frames."""

    class Stage:
        service = started
        metrics = Metrics()
        broker = FrameBroker(started, metrics)
        streams = StreamRegistry(broker)

        def session(self, **change):
            fields = {"case": "small", "camera": camera, "meaning": PixelMeaning.INTENSITY, "initial_pose": pose}
            return started.open_session(SessionSettings.from_camera(**(fields | change)))

        def frame(self, pixels=None, **meta):
            return EncodedFrame(npy_bytes(frame if pixels is None else pixels), "application/x-npy", **meta)

        def run(self, work):
            return asyncio.run(asyncio.wait_for(work, 60))

        def count(self, name, **labels):
            return self.metrics.registry.get_sample_value(f"fluoropose_{name}", labels) or 0.0

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
