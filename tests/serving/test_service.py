"""The service: cases that are loaded, make room and are bounded; what readiness says."""

import shutil
import threading
from dataclasses import replace

import pytest

from fluoropose.errors import ConflictError, NotReadyError, ObjectSelectionError, UnknownCaseError
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.serving.service import Service
from fluoropose.tracking.session_settings import ObjectStart, SessionSettings


@pytest.fixture
def settings(camera):
    return SessionSettings.from_camera("small", camera, PixelMeaning.INTENSITY)


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


def test_a_case_without_a_model_of_its_own_is_served_by_the_universal_networks(tmp_path, cases_root, settings):
    service = Service(open_device("cpu", 1), cases_root, tmp_path)
    service.start()
    record = service.records["small"]
    assert (record.state, record.model) == ("ready", "universal")
    assert service.open_session(settings).objects


def test_a_case_that_failed_is_in_no_session(tmp_path, cases_root, models_root, settings):
    shutil.copytree(cases_root / "small", tmp_path / "small")
    (tmp_path / "small" / "atlas.npy").write_bytes(b"")
    service = Service(open_device("cpu", 1), tmp_path, models_root)
    service.start()
    with pytest.raises(ConflictError, match="to be ready, got failed"):
        service.open_session(settings)
    with pytest.raises(UnknownCaseError, match="got 'nobody'"):
        service.record("nobody")


def copied(cases_root, models_root, tmp_path, count):
    """Return folders with `count` cases of the same content, each with a model of its name."""
    for n in range(count):
        for root, kind in ((cases_root, "cases"), (models_root, "models")):
            shutil.copytree(root / "small", tmp_path / kind / f"c{n}")
    return tmp_path / "cases", tmp_path / "models"


def test_the_least_recently_used_case_makes_room_and_never_one_in_use(cases_root, models_root, tmp_path, settings):
    cases, models = copied(cases_root, models_root, tmp_path, 3)
    probe = Service(open_device("cpu", 1), cases, models)
    probe.start()
    size = probe.case_cache.resident_bytes() // 3
    service = Service(open_device("cpu", 1), cases, models, budget_bytes=2 * size + size // 2)
    service.start()
    assert len(service.case_cache.names()) == 2
    assert {record.state for record in service.records.values()} == {"ready"}
    held = service.open_session(replace(settings, objects=(ObjectStart("c0"),)))
    other = service.open_session(replace(settings, objects=(ObjectStart("c1"),)))
    with pytest.raises(NotReadyError, match="too few beside the cases in use"):
        service.open_session(replace(settings, objects=(ObjectStart("c2"),)))
    service.sessions.close(other.name)
    service.open_session(replace(settings, objects=(ObjectStart("c2"),)))
    assert service.case_cache.names() == ["c0", "c2"]
    assert set(held.objects) <= set(service.case_cache.names())
    assert service.case_cache.evicted >= 1


@pytest.mark.parametrize(("required", "fallen", "status"), [(True, 3, "fail"), (False, 3, "ok"), (True, 0, "ok")])
def test_nodes_on_the_cpu_are_no_readiness_where_a_gpu_is_required(
    cases_root, models_root, monkeypatch, required, fallen, status
):
    service = Service(replace(open_device("cpu", 1), required=required), cases_root, models_root)
    service.start()
    monkeypatch.setattr(service.case_cache, "fallback_nodes", lambda: fallen)
    readiness = service.readiness()
    assert readiness["status"] == status
    (device,) = [check for check in readiness["checks"] if check["name"] == "device"]
    assert device["status"] == status
    assert ("3 nodes on the CPU" in device["detail"]) is bool(fallen)


def test_what_is_prepared_and_fails_may_be_deleted_and_submitted_again(tmp_path, models_root):
    done = threading.Event()

    def prepare(request, folder, steps):
        steps.render(1, 2)
        raise ObjectSelectionError("expected an object, got none")

    service = Service(open_device("cpu", 1), tmp_path, models_root, prepare=prepare)
    service.submit("a", None, done.set, "one")
    assert done.wait(20)
    record = service.record("a")
    assert (record.state, record.detail, record.owner) == ("failed", "expected an object, got none", "one")
    service.delete("a")
    again = service.submit("a", None, lambda: None)
    assert again.owner == ""
    assert again.ended.wait(20)
    assert service.submit("a", None, lambda: None).ended.wait(20)
    assert list(tmp_path.iterdir()) == []
