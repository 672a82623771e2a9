"""The open sessions: bounded, expiring, each with its owner."""

import numpy as np
import pytest

from fluoropose.errors import UnknownSessionError
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.serving.session_registry import OverloadedError, SessionRegistry
from fluoropose.tracking.session_settings import SessionSettings


@pytest.fixture
def settings(camera):
    return SessionSettings.from_camera("small", camera, PixelMeaning.INTENSITY)


def test_sessions_are_bounded_and_expire(settings):
    centre = {"small": np.zeros(3)}
    registry = SessionRegistry(capacity=2)
    first, second = registry.open(settings, centre), registry.open(settings, centre)
    assert first.name != second.name
    for session in (first, second):
        session.offer("pixels", None, 0, 0)
    with pytest.raises(OverloadedError, match="at most 2"):
        registry.open(settings, centre)
    registry.close(first.name)
    assert registry.get(second.name) is second
    with pytest.raises(UnknownSessionError):
        registry.get(first.name)
    assert registry.of_case("small") == [second]
    assert registry.cases_in_use() == {"small"}
    brief = SessionRegistry(idle_s=-1.0)
    session = brief.open(settings, centre)
    with pytest.raises(UnknownSessionError, match="expired"):
        brief.get(session.name)
    assert brief.take_expired() == [session]
    assert brief.take_expired() == []


def test_a_thousand_abandoned_sessions_leave_room_and_the_used_ones_alone(settings):
    registry = SessionRegistry(capacity=8)
    fed, attached = registry.open(settings, {"small": np.zeros(3)}), registry.open(settings, {"small": np.zeros(3)})
    fed.offer("pixels", None, 0, 0)
    attached.join()
    newest = [registry.open(settings, {"small": np.zeros(3)}) for _ in range(1000)][-1]
    assert len(registry) == 8
    for session in (fed, attached, newest):
        assert registry.get(session.name) is session
    assert len(registry.take_evicted()) == 994
    assert registry.take_evicted() == []


def test_a_key_has_its_own_sessions_and_only_so_many(settings):
    registry = SessionRegistry(per_key=1)
    mine = registry.open(settings, {"small": np.zeros(3)}, "console-1")
    with pytest.raises(OverloadedError, match="at most 1 open sessions of one key"):
        registry.open(settings, {"small": np.zeros(3)}, "console-1")
    registry.open(settings, {"small": np.zeros(3)}, "console-2")
    assert registry.get(mine.name, "console-1") is mine
    with pytest.raises(UnknownSessionError):
        registry.get(mine.name, "console-2")
