"""Newest first and order, on the desk itself."""

import asyncio

import numpy as np
import pytest

from fluoropose.api.frames import FrameDesk, FrameSupersededError
from fluoropose.api.schemas import FrameMeta
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.io.frames import npy_bytes
from fluoropose.telemetry.metrics import Metrics
from fluoropose.tracking.session import SessionSettings


def counted(metrics):
    value = metrics.registry.get_sample_value
    completed = sum(
        value("fluoropose_frames_completed_total", {"transport": "http", "status": status})
        for status in ("TRACKING", "LOW_CONFIDENCE", "LOST")
    )
    return completed, value("fluoropose_frames_dropped_total", {"reason": "superseded"})


@pytest.mark.parametrize("policy", ["latest", "reject"])
def test_of_many_frames_at_once_every_one_is_answered_or_counted(service, camera, pose, frame, policy):
    settings = SessionSettings("small", camera, PixelMeaning.INTENSITY, False, pose, None, policy)
    session = service.open_session(settings)
    metrics = Metrics()
    desk = FrameDesk(service, metrics)

    async def run():
        sent = [desk.submit(session, npy_bytes(frame), "application/x-npy", FrameMeta(seq=n)) for n in range(12)]
        return await asyncio.gather(*sent, return_exceptions=True)

    answers = asyncio.run(run())
    desk.close()
    results = [answer for answer in answers if not isinstance(answer, Exception)]
    refused = [answer for answer in answers if isinstance(answer, FrameSupersededError)]
    assert len(results) + len(refused) == 12
    assert refused
    sequence = [result.seq for result in results]
    assert sequence == sorted(sequence)
    if policy == "latest":
        assert sequence[-1] == 11
    assert counted(metrics) == (len(results), len(refused))
    assert sum(result.dropped_since_last for result in results) <= len(refused)


def test_the_pixels_of_a_refused_frame_do_not_touch_the_session(service, camera, pose):
    session = service.open_session(SessionSettings("small", camera, PixelMeaning.INTENSITY, False, pose))
    desk = FrameDesk(service, Metrics())
    bad = npy_bytes(np.full((96, 128), np.inf, np.float32))
    with pytest.raises(Exception, match="finite"):
        asyncio.run(desk.submit(session, bad, "application/x-npy", FrameMeta()))
    desk.close()
    assert session.last_pose is None
    assert session.counters == {"dropped": 1}
