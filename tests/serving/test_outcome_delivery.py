"""Outcomes on their way to receivers: on the event loop, once each, and nowhere after the loop has ended."""

import asyncio
import threading
from types import SimpleNamespace

import pytest

from fluoropose.errors import DeviceError, FrameError
from fluoropose.serving.instrumentation import Instrumentation
from fluoropose.serving.job_outcome import JobOutcome
from fluoropose.serving.outcome_delivery import OutcomeDelivery
from fluoropose.telemetry.metrics import Metrics
from fluoropose.tracking.jobs import DroppedFrame
from support import sessions


@pytest.fixture
def service():
    return SimpleNamespace(faults=0)


@pytest.fixture
def delivery(service):
    return OutcomeDelivery(service, Instrumentation(Metrics()))


def failed(error):
    """Return the outcome of a job whose only frame was dropped for an error."""
    session = sessions.session()
    ticket, _ = session.offer("pixels", None, 0, 0)
    job = sessions.take(session)
    return JobOutcome(session, job, error, [], [(session, DroppedFrame(ticket, 0, "failed", error))], [])


def test_a_receiver_is_called_once_on_the_event_loop(delivery):
    done = failed(DeviceError("expected the network to run, got: out of memory"))
    calls = []

    def receive(dropped):
        calls.append((dropped.reason, threading.current_thread()))

    async def run():
        delivery.use_loop(asyncio.get_running_loop())
        delivery.expect(done.session, done.job.frames[0].ticket, receive)
        assert delivery.waits
        await asyncio.to_thread(delivery.post, done)
        await asyncio.sleep(0)
        return threading.current_thread()

    thread = asyncio.run(run())
    assert calls == [("failed", thread)]
    assert not delivery.waits


@pytest.mark.parametrize(
    ("error", "faults"),
    [(DeviceError("expected one, got none"), 1), (FrameError("expected one, got none"), 0), (ZeroDivisionError(), 0)],
)
def test_only_a_device_that_fails_counts_against_readiness(delivery, service, error, faults):
    async def run():
        delivery.use_loop(asyncio.get_running_loop())
        delivery.post(failed(error))
        await asyncio.sleep(0)

    asyncio.run(run())
    assert service.faults == faults


def test_an_outcome_without_a_loop_is_discarded(delivery):
    done = failed(FrameError("expected one, got none"))
    delivery.post(done)
    loop = asyncio.new_event_loop()
    loop.close()
    delivery.use_loop(loop)
    delivery.post(done)


def test_a_frame_that_was_handed_over_is_forgotten(delivery):
    session = sessions.session()
    delivery.expect(session, 1, lambda dropped: None)
    delivery.forget(session, 1)
    delivery.forget(session, 1)
    assert not delivery.waits
