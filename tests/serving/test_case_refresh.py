"""A worker follows the cases that are kept: deleted ones leave with their sessions, idle ones alone."""

import asyncio
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from fluoropose.errors import UnknownCaseError
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.serving.case_refresh import CaseRefresh
from fluoropose.serving.on_demand_store import OnDemandStore
from fluoropose.serving.service import Service
from fluoropose.serving.wiring import wire_serving
from fluoropose.tracking.session_settings import SessionSettings


@pytest.fixture
def kept(tmp_path, cases_root):
    shutil.copytree(cases_root / "small", tmp_path / "kept" / "small")
    return tmp_path / "kept"


@pytest.fixture
def parts(kept, models_root):
    service = Service(open_device("cpu", 1), kept, models_root, store=OnDemandStore(kept), on_demand=True)
    service.start()
    parts = wire_serving(service)
    yield parts
    parts.broker.close()


@pytest.fixture
def settings(camera):
    return SessionSettings.from_camera("small", camera, PixelMeaning.INTENSITY)


def look(parts, time_s=None, idle_s=100.0):
    """Return what looks at the cases, at a time that the test sets."""
    times = [0.0] if time_s is None else time_s
    return CaseRefresh(parts.service, parts.streams, parts.service.store, idle_s=idle_s, clock_s=lambda: times[-1])


def open_and_act(parts, settings, *acts):
    """Open a session on an event loop, then do things there."""

    async def run():
        async with parts.run():
            session = await parts.streams.open(settings)
            for act in acts:
                outcome = act()
                if asyncio.iscoroutine(outcome):
                    await outcome
            return session

    return asyncio.run(run())


def test_one_case_warms_up_and_another_is_loaded_when_it_is_asked_for(parts, kept, settings):
    assert parts.service.case_cache.names() == ["small"]
    assert parts.service.readiness()["status"] == "ok"
    shutil.copytree(kept / "small", kept / "later")
    assert parts.service.resident("later").case.name == "later"
    assert parts.service.case_cache.names() == ["later", "small"]


def test_frames_of_a_known_case_do_not_wait_while_another_is_brought(parts, kept, monkeypatch):
    """A fetch from far away takes as long as it takes: here until the known case was asked for meanwhile."""
    asked, store = threading.Event(), parts.service.store

    def slow_fetch(name):
        assert asked.wait(20)
        return False

    monkeypatch.setattr(type(store), "fetch", lambda self, name: slow_fetch(name))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(parts.service.resident, "far")
        assert parts.service.resident("small").case.name == "small"
        asked.set()
        with pytest.raises(UnknownCaseError):
            waiting.result()


def test_without_any_case_the_worker_is_ready_all_the_same(tmp_path, models_root):
    (tmp_path / "kept").mkdir()
    service = Service(
        open_device("cpu", 1), tmp_path / "kept", models_root, store=OnDemandStore(tmp_path / "kept"), on_demand=True
    )
    service.start()
    assert service.readiness()["status"] == "ok"


def test_a_case_that_is_kept_nowhere_is_unknown(parts, settings):
    with pytest.raises(UnknownCaseError):
        parts.service.resident("nobody")


def test_a_case_deleted_while_it_is_placed_ends_its_sessions(parts, settings, kept):
    open_and_act(parts, settings, lambda: (kept / "small" / "case.json").unlink(), look(parts).look)
    assert len(parts.service.sessions) == 0
    assert parts.service.case_cache.names() == []
    assert "small" not in parts.service.records


def test_what_is_resident_is_served_on_while_the_storage_is_gone(parts, settings, kept):
    open_and_act(parts, settings, lambda: shutil.rmtree(kept), look(parts).look)
    assert len(parts.service.sessions) == 1
    assert parts.service.case_cache.names() == ["small"]


def test_a_case_prepared_anew_is_served_as_it_was_while_sessions_use_it(parts, settings, kept):
    def prepare_anew():
        path = kept / "small" / "case.json"
        path.write_text(path.read_text() + " ")

    refresh = look(parts)
    session = open_and_act(parts, settings, prepare_anew, refresh.look)
    assert parts.service.case_cache.names() == ["small"]
    parts.service.sessions.close(session.name)
    asyncio.run(refresh.look())
    assert parts.service.case_cache.names() == []


def test_an_idle_case_leaves_and_one_in_use_stays(parts, settings):
    time_s = [0.0]
    refresh = look(parts, time_s)
    session = open_and_act(parts, settings, refresh.look)
    time_s.append(500.0)
    asyncio.run(refresh.look())
    assert parts.service.case_cache.names() == ["small"]
    parts.service.sessions.close(session.name)
    time_s.append(601.0)
    asyncio.run(refresh.look())
    assert parts.service.case_cache.names() == []
    assert parts.service.case_cache.evicted == 1
    assert "small" in parts.service.records, "it is loaded again when it is asked for"
