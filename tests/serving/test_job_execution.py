"""Jobs of several cameras and objects: pairs as registration solves them, and no object held up by another."""

import asyncio
import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest

from fluoropose.errors import FrameError
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.io.frames import npy_bytes
from fluoropose.registration.assessment import Status
from fluoropose.registration.pipeline import register
from fluoropose.serving.messages import EncodedFrame, FrameResult
from fluoropose.serving.service import Service
from fluoropose.tracking.session_settings import Change, ObjectStart, SessionCamera, SessionSettings, UnknownObjectError
from fluoropose.tracking.smoother import Smoothing
from support.serving import started_service
from support.views import rig_places, taken


@pytest.fixture(scope="module")
def started(cases_root, models_root, tmp_path_factory):
    """A service with the small case and its twin of another name."""
    folder = tmp_path_factory.mktemp("twins")
    for root, kind in ((cases_root, "cases"), (models_root, "models")):
        for name in ("small", "twin"):
            shutil.copytree(root / "small", folder / kind / name)
    return started_service(folder / "cases", folder / "models")


@pytest.fixture
def places(small_case, pose):
    return rig_places(small_case, pose)


@pytest.fixture
def frames(small_case, camera, pose, places):
    return {name: taken(small_case, camera, place @ pose) for name, place in places.items()}


@pytest.fixture
def opened(stage, camera, pose, places):
    def open_session(cases=("small",), cameras=("a", "b"), **more):
        placed = {name: SessionCamera(camera, places[name]) for name in cameras}
        objects = tuple(ObjectStart(case, pose) for case in cases)
        return stage.service.open_session(SessionSettings(objects, placed, PixelMeaning.INTENSITY, **more))

    return open_session


def of(frames, camera, captured_s=1e9, pixels=None):
    data = npy_bytes(frames[camera] if pixels is None else pixels)
    return EncodedFrame(data, "application/x-npy", captured_s=captured_s, camera=camera)


class Device:
    """Holds registration up, frame by frame, and remembers what it was asked for."""

    def __init__(self, monkeypatch):
        self.asked, self.entered, self.free = [], threading.Semaphore(0), threading.Semaphore(0)
        register = Service.register_objects

        def held(service, settings, plans, views):
            self.asked.append((plans, list(views)))
            self.entered.release()
            assert self.free.acquire(timeout=60)
            return register(service, settings, plans, views)

        monkeypatch.setattr(Service, "register_objects", held)

    async def busy(self):
        assert await asyncio.to_thread(self.entered.acquire, timeout=60)


@pytest.fixture
def device(monkeypatch):
    return Device(monkeypatch)


def test_two_that_wait_are_answered_with_the_engines_joint_pose_to_the_last_bit(stage, opened, device, frames):
    session = opened()

    async def run():
        first = asyncio.ensure_future(stage.broker.answer(session, of(frames, "a"), "ws"))
        await device.busy()
        pair = [
            asyncio.ensure_future(stage.broker.answer(session, of(frames, name, 1e9 + 0.1), "ws"))
            for name in ("b", "a")
        ]
        await asyncio.sleep(0.01)
        device.free.release(2)
        return await first, await asyncio.gather(*pair)

    first, (second, third) = stage.run(run())
    assert (first.camera, first.views) == ("a", ("a",))
    plans, views = device.asked[1]
    assert [view.name for view in views] == ["a", "b"]
    joint = register(stage.service.case_cache.case("small"), views, plans["small"])
    for result, report in ((third, joint.views[0]), (second, joint.views[1])):
        assert result.camera == report.name
        assert (result.first.camera_from_volume == report.camera_from_volume).all()
        assert (result.registration.world_from_volume == joint.world_from_volume).all()
        assert result.views == tuple(view.name for view in joint.views if view.used)
    assert third.first.error_estimate == joint.error_estimate
    assert [second.leads, third.leads] == [False, True]
    assert stage.accounted() == (3, 3, 0)


@pytest.mark.parametrize("spoilt", ["torn", "one value"])
def test_a_partner_that_cannot_be_used_costs_its_own_answer_only(stage, opened, device, frames, spoilt):
    session = opened()
    bad = of(frames, "a", 1e9 + 0.1, np.zeros((96, 128), np.uint8))
    if spoilt == "torn":
        bad = replace(bad, body=b"torn")

    async def run():
        first = asyncio.ensure_future(stage.broker.answer(session, of(frames, "a"), "ws"))
        await device.busy()
        pair = [
            asyncio.ensure_future(stage.broker.answer(session, one, "ws")) for one in (bad, of(frames, "b", 1e9 + 0.1))
        ]
        await asyncio.sleep(0.01)
        device.free.release(3)
        return await first, await asyncio.gather(*pair, return_exceptions=True)

    _, (refused, good) = stage.run(run())
    assert isinstance(refused, FrameError)
    assert isinstance(good, FrameResult)
    assert good.views == ("b",)
    assert session.dropped == {"invalid": 1}


def test_an_object_removed_while_its_frame_is_in_flight_is_left_out(stage, opened, device, frames):
    session = opened(cases=("small", "twin"), cameras=("a",))

    async def run():
        answers = []
        for removed in ("small", "twin"):
            answer = asyncio.ensure_future(stage.broker.answer(session, of(frames, "a"), "http"))
            await device.busy()
            more = () if removed == "small" else (ObjectStart("small"),)
            await stage.broker.change(session, Change(remove=(removed,), add=more))
            device.free.release()
            answers += await asyncio.gather(answer, return_exceptions=True)
        return answers

    left, nothing = stage.run(run())
    assert [found.case for found in left.objects] == ["twin"]
    assert isinstance(nothing, UnknownObjectError)
    assert session.in_flight == 0
    assert stage.accounted() == (2, 1, 1)


def test_a_case_deleted_while_its_frame_is_in_flight_leaves_the_others(stage, opened, device, frames, monkeypatch):
    session = opened(cases=("small", "twin"), cameras=("a",))
    resident = Service.resident

    def gone(service, name):
        if name == "small":
            return service.record("nobody")
        return resident(service, name)

    async def run():
        answer = asyncio.ensure_future(stage.broker.answer(session, of(frames, "a"), "http"))
        await device.busy()
        monkeypatch.setattr(Service, "resident", gone)
        device.free.release()
        return await answer

    result = stage.run(run())
    assert [found.case for found in result.objects] == ["twin"]
    assert result.searching == ("small",)


def test_frames_wait_for_no_search_of_another_object(stage, opened, frames, pose, monkeypatch):
    """The search ends when it is told to; frames are answered all the while, and hold what it found from then on."""
    session = opened(cases=("small",), cameras=("a",))
    searching, end = threading.Event(), threading.Event()
    register = Service.register_objects

    def sure(service, settings, plans, views):
        if any(plan.start is None for plan in plans.values()):
            searching.set()
            assert end.wait(60)
        started = {case: replace(plan, start=pose) for case, plan in plans.items()}
        found = register(service, settings, started, views)
        surely = {case: replace(one.assessment, status=Status.TRACKING) for case, one in found.items()}
        return {case: replace(one, assessment=surely[case]) for case, one in found.items()}

    async def run():
        results = [await stage.broker.answer(session, of(frames, "a", 1e9), "ws")]
        await stage.broker.change(session, Change(add=(ObjectStart("twin"),)))
        for n in range(1, 4):
            results.append(await stage.broker.answer(session, of(frames, "a", 1e9 + n / 15), "ws"))
            assert await asyncio.to_thread(searching.wait, 60)
        end.set()
        while session.searching is not None:
            await asyncio.sleep(0.005)
        results.append(await stage.broker.answer(session, of(frames, "a", 1e9 + 4 / 15), "ws"))
        return results

    monkeypatch.setattr(Service, "register_objects", sure)
    results = stage.run(run())
    assert [result.searching for result in results] == [(), ("twin",), ("twin",), ("twin",), ()]
    assert [found.case for found in results[-1].objects] == ["small", "twin"]
    assert stage.accounted() == (5, 5, 0)


def test_a_session_that_ends_takes_its_search_with_it(stage, opened, frames, monkeypatch):
    session = opened(cases=("small",), cameras=("a",))
    searching, end = threading.Event(), threading.Event()
    register = Service.register_objects

    def slow(service, settings, plans, views):
        if any(plan.start is None for plan in plans.values()):
            searching.set()
            assert end.wait(60)
        found = register(service, settings, plans, views)
        surely = {case: replace(one.assessment, status=Status.TRACKING) for case, one in found.items()}
        return {case: replace(one, assessment=surely[case]) for case, one in found.items()}

    async def run():
        await stage.broker.answer(session, of(frames, "a", 1e9), "ws")
        await stage.broker.change(session, Change(add=(ObjectStart("twin"),)))
        await stage.broker.answer(session, of(frames, "a", 1e9 + 0.1), "ws")
        assert await asyncio.to_thread(searching.wait, 60)
        stage.broker.end(session)
        end.set()
        while session.searching is not None:
            await asyncio.sleep(0.005)

    monkeypatch.setattr(Service, "register_objects", slow)
    stage.run(run())
    assert session.in_flight == 0
    assert not session.search_is_due


def test_sure_poses_are_smoothed_over_the_window(stage, opened, frames, monkeypatch):
    session = opened(cameras=("a",), smoothing=Smoothing(2.0, "still"))
    statuses = iter([Status.TRACKING, Status.LOW_CONFIDENCE, Status.TRACKING])
    register = Service.register_objects

    def judged(service, settings, plans, views):
        found, status = register(service, settings, plans, views), next(statuses)
        return {case: replace(one, assessment=replace(one.assessment, status=status)) for case, one in found.items()}

    async def run():
        return [await stage.broker.answer(session, of(frames, "a", 1e9 + n / 15), "ws") for n in range(3)]

    monkeypatch.setattr(Service, "register_objects", judged)
    parts = [result.first.smoothed for result in stage.run(run())]
    assert [None if part is None else part.frames for part in parts] == [1, None, 2]
    np.testing.assert_allclose(parts[0].camera_from_volume, parts[0].world_from_volume)
    assert parts[2].error_estimate.depth_mm > 0.0
