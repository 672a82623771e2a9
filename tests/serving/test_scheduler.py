"""The event loop and a worker's thread at once: nothing is lost or told twice between them."""

import asyncio
import random
import sys
import threading
import time

import pytest

from fluoropose.errors import FrameError
from fluoropose.serving.messages import FrameResult
from fluoropose.serving.service import Service
from fluoropose.tracking.jobs import DroppedFrame, FrameSupersededError
from fluoropose.tracking.session_settings import Change


class Device:
    """Stands in for registration: gives one made result, tells which frames it saw, and waits where it is told to."""

    def __init__(self, made):
        self.made = made
        self.moments = []
        self.gate = threading.Event()
        self.gate.set()
        self.busy = threading.Lock()
        self.work = lambda: None

    def register(self, service, settings, plans, views):
        assert self.busy.acquire(blocking=False), "two frames on one worker"
        try:
            self.work()
            self.moments.append(settings.objects[0].initial_pose[0, 3])
            assert self.gate.wait(20)
        finally:
            self.busy.release()
        return {"small": self.made}

    def wait_for(self, count):
        """Block the calling thread, be it the loop's, until so many frames have come."""
        deadline = time.monotonic() + 20
        while len(self.moments) < count:
            assert time.monotonic() < deadline
            time.sleep(0.001)


@pytest.fixture
def device(stage, monkeypatch):
    answer = stage.run(stage.broker.answer(stage.session(), stage.frame(), "http"))
    device = Device(answer.registration)
    monkeypatch.setattr(Service, "register_objects", lambda *arguments: device.register(*arguments))
    return device


def offer(stage, session, outcomes, **meta):
    """Offer a frame; what its receiver is told goes to `outcomes` under its number."""

    def receiver(dropped):
        given = stage.broker.hand_over(session, "ws") if dropped is None else dropped
        if given is not None:
            outcomes.append((session, given))

    return stage.broker.offer(session, stage.frame(**meta), "ws", receiver)


def test_a_worker_takes_the_newest_frame_while_the_loop_is_busy(stage, device, pose):
    poses = [pose.copy(), pose.copy()]
    for number, one in enumerate(poses):
        one[0, 3] += number
    first, second = (stage.session(initial_pose=one) for one in poses)
    outcomes = []

    async def run():
        device.gate.clear()
        offer(stage, first, outcomes)
        device.wait_for(1)
        for _ in range(3):
            offer(stage, second, outcomes)
        offer(stage, first, outcomes)
        device.gate.set()
        device.wait_for(3)  # without giving the loop up: nobody but the worker can have taken them
        assert not [given for _, given in outcomes if isinstance(given, FrameResult)]
        while first.in_flight or second.in_flight:
            await asyncio.sleep(0.001)

    stage.run(run())
    assert device.moments == [poses[0][0, 3], poses[1][0, 3], poses[0][0, 3]]
    assert [given.seq for one, given in outcomes if one is second and isinstance(given, FrameResult)] == [2]
    assert [given.reason for _, given in outcomes if isinstance(given, DroppedFrame)] == ["superseded"] * 3


def test_each_of_two_requests_gets_its_own_answer_though_both_were_ready(stage, device):
    session = stage.session()

    async def run():
        device.gate.clear()
        sent = [asyncio.ensure_future(stage.broker.answer(session, stage.frame(seq=n), "http")) for n in range(2)]
        await asyncio.sleep(0)
        device.gate.set()
        device.wait_for(2)
        while session.running is not None:
            time.sleep(0.001)
        return await asyncio.gather(*sent, return_exceptions=True)

    old, new = stage.run(run())
    assert isinstance(old, FrameSupersededError)
    assert new.seq == 1
    assert stage.accounted() == (3, 2, 1)  # the device's own first frame among them


def test_nothing_waits_once_the_broker_is_closed(stage, device):
    session = stage.session()

    async def run():
        device.gate.clear()
        offer(stage, session, [])
        device.wait_for(1)
        offer(stage, session, [])
        closing = asyncio.ensure_future(asyncio.to_thread(stage.broker.close))
        while not stage.broker.closing:
            await asyncio.sleep(0.001)
        device.gate.set()
        await closing

    stage.run(run())
    assert len(device.moments) == 1
    assert list(session.waiting)


def test_both_threads_under_stress(stage, device):
    """Thousands of turns of the interpreter in the middle of everything: each frame ends once, and the counts agree."""
    rng = random.Random(3)
    sessions = [stage.session(max_frame_age_ms=age) for age in (None, 2.0, None, 5000.0, None)]
    outcomes, offered = [], []

    def work():
        if rng.random() < 0.1:
            raise FrameError("expected pixels, got none")

    async def client(session, number):
        for n in range(400):
            offered.append((session, offer(stage, session, outcomes, captured_s=time.time())))
            held = stage.broker.in_flight(session)
            assert 0 <= held <= 3
            if n % 40 == 20 and number == 0:
                await stage.broker.change(session, Change(initial_pose=session.settings.objects[0].initial_pose))
            if n % 40 == 30 and number == 2:
                stage.broker.leave(session)
                stage.broker.join(session)
            if n == 300 and number == 4:
                stage.broker.end(session)
            if rng.random() < 0.5:
                await asyncio.sleep(rng.choice((0, 0, 0.0005)))

    async def run():
        await asyncio.gather(*(client(session, number) for number, session in enumerate(sessions)))
        while any(stage.broker.in_flight(one) for one in sessions) or not stage.broker.idle:
            await asyncio.sleep(0.001)

    device.work = work
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        stage.run(run())
    finally:
        sys.setswitchinterval(interval)
    assert len(offered) == 2000 == len(outcomes)
    ended = [(one, given.ticket) for one, given in outcomes if isinstance(given, DroppedFrame)]
    assert len(set(ended)) == len(ended)
    answers = {
        one: [given.seq for who, given in outcomes if who is one and isinstance(given, FrameResult)] for one in sessions
    }
    for one in sessions:
        assert answers[one] == sorted(set(answers[one]))
        # A busy machine may answer no frame within 2 ms.
        assert answers[one] or one is sessions[1]
        assert one.counters["received"] == 400 == one.counters["answered"] + sum(one.dropped.values())
        assert one.counters["answered"] == len(answers[one])
    received, answered, dropped = stage.accounted()
    assert received == 2001 == answered + dropped
    assert stage.broker.pending == 0
    assert stage.broker.idle
