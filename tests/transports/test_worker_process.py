"""A server that a fleet started: sessions carry its name, cases come when asked for, and it ends with its parent."""

import json
import os
import subprocess
import sys

import httpx
import pytest

from fluoropose.evaluation.server_process import server_process
from fluoropose.transports.http.schemas import camera_json
from fluoropose.transports.http.worker_routes import TOKEN_HEADER


@pytest.fixture(scope="module")
def worker(cases_root, models_root):
    plan = {"name": "w1", "token": "secret", "refresh_s": 0.2}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLUOROPOSE_WORKER", json.dumps(plan))
        with server_process(
            cases_root, models_root, 1, "cpu", ("--log-level", "error", "--max-sessions", "3")
        ) as server:
            with httpx.Client(base_url=server.http, trust_env=False, timeout=60) as http:
                yield http


def test_a_sessions_name_begins_with_the_worker_and_its_case_is_in_use_then(worker, camera):
    before = worker.get("/v1/worker", headers={TOKEN_HEADER: "secret"}).json()
    assert (before["worker"], before["used_cases"], before["capacity"]) == ("w1", [], 3)
    answer = worker.post("/v1/sessions", json={"case": "small", "camera": camera_json(camera)})
    assert answer.status_code == 201
    assert answer.json()["session"].startswith("w1.")
    after = worker.get("/v1/worker", headers={TOKEN_HEADER: "secret"}).json()
    assert (after["cases"], after["used_cases"], after["sessions"]) == (["small"], ["small"], 1)
    assert worker.get(f"/v1/sessions/{answer.json()['session']}").status_code == 200


def test_it_takes_no_cases_itself(worker):
    assert worker.delete("/v1/cases/small").status_code in (404, 409)


def test_it_ends_with_who_started_it():
    """A child whose parent is not the one that it was told of ends at once, with code 1."""
    program = "import asyncio; from fluoropose.transports.worker_process import end_with; asyncio.run(end_with(1))"
    ended = subprocess.run([sys.executable, "-c", program], env=dict(os.environ), timeout=60)
    assert ended.returncode == 1
