"""A case that is not ready in time, and an upload that is refused, are told; tests/cli/bench measures one."""

import json
from pathlib import Path

import httpx
import pytest

from fluoropose.errors import InputError
from fluoropose.evaluation.server_process import RunningServer
from fluoropose.evaluation.upload_times import UploadPlan, measure_upload


@pytest.fixture
def answers(monkeypatch):
    """What the service answers: the status of an upload, and the case."""
    told = {"status": 201, "case": {"state": "preparing", "step": "reading the volume", "detail": ""}}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(told["status"], text="no room")
        return httpx.Response(200, text=json.dumps(told["case"]))

    client = httpx.Client

    def mocked(**options: object) -> httpx.Client:
        return client(transport=httpx.MockTransport(answer), base_url="http://service")

    monkeypatch.setattr(httpx, "Client", mocked)
    return told


def measure(tmp_path: Path) -> None:
    (tmp_path / "part.stl").write_bytes(b"solid\n")
    plan = UploadPlan(tmp_path / "part.stl", {"name": "part"}, longest_s=0.05)
    measure_upload(RunningServer("http://service", ""), tmp_path, plan)


def test_a_refused_upload_is_told(answers, tmp_path):
    answers["status"] = 507
    with pytest.raises(InputError, match="expected the upload to be taken, got 507: no room"):
        measure(tmp_path)


def test_a_case_that_failed_or_is_late_is_told(answers, tmp_path):
    with pytest.raises(InputError, match=r"within 0.05 s, got step 'reading the volume'"):
        measure(tmp_path)
    answers["case"] = {"state": "failed", "step": "failed", "detail": "the mesh is open"}
    with pytest.raises(InputError, match="got failed: the mesh is open"):
        measure(tmp_path)
