import shutil

import pytest

from fluoropose.errors import ConflictError, UnknownCaseError, UnknownSessionError
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.runtime.ort import open_device
from fluoropose.runtime.service import Service
from fluoropose.runtime.sessions import SessionRegistry
from fluoropose.tracking.session import SessionSettings


@pytest.fixture
def settings(camera):
    return SessionSettings("small", camera, PixelMeaning.INTENSITY)


def test_a_damaged_case_does_not_stop_the_others(tmp_path, cases_root, models_root, settings):
    shutil.copytree(cases_root / "small", tmp_path / "good")
    shutil.copytree(cases_root / "small", tmp_path / "torn")
    (tmp_path / "torn" / "atlas.npy").write_bytes(b"")
    service = Service(open_device("cpu", 1), tmp_path, models_root)
    assert service.readiness()["status"] == "fail"
    service.start()
    assert service.records["torn"].state == "failed"
    assert "prepare it again" in service.records["torn"].detail
    assert service.readiness()["status"] == "ok"


def test_a_case_without_its_model_says_so(tmp_path, cases_root, settings):
    service = Service(open_device("cpu", 1), cases_root, tmp_path)
    service.start()
    assert "got none: train one" in service.records["small"].detail
    with pytest.raises(ConflictError, match="to be ready, got failed"):
        service.open_session(settings)
    with pytest.raises(UnknownCaseError, match="got 'nobody'"):
        service.record("nobody")


def test_sessions_are_bounded_and_expire(settings):
    registry = SessionRegistry(capacity=2)
    first, second = registry.open(settings), registry.open(settings)
    assert first.name != second.name
    with pytest.raises(ConflictError, match="at most 2"):
        registry.open(settings)
    registry.close(first.name)
    assert registry.get(second.name) is second
    with pytest.raises(UnknownSessionError):
        registry.get(first.name)
    assert registry.close_case("small") == 1
    assert len(registry) == 0
    brief = SessionRegistry(idle_s=-1.0)
    name = brief.open(settings).name
    with pytest.raises(UnknownSessionError, match="expired"):
        brief.get(name)
    assert brief.take_expired() == 1
    assert brief.take_expired() == 0
