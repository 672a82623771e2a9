"""A real service and its folder of cases: one writer, an exact end, kills at random moments, and silent logs."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest

from fluoropose.evaluation.server_process import free_ports
from fluoropose.io.bundles import shipped_models_root
from fluoropose.io.register import read_audit
from support.dicom import series
from support.meshes import box_mesh, stl_bytes

pytestmark = pytest.mark.timeout(600)

TOOL = Path(__file__).parents[1] / "tools" / "kill_service.py"


@contextmanager
def service(cases, *extra):
    """A service that writes its folder, with its log, as its operator starts it; it has ended at the end."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "fluoropose", "serve", "--cases", str(cases), "--port", str(port), *extra]
    command += ["--models", str(shipped_models_root()), "--grpc-port", "-1", "--device", "cpu"]
    with cases.with_name("log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60.0) as http:
            deadline = time.monotonic() + 120
            while not started(http):
                assert time.monotonic() < deadline and process.poll() is None
                time.sleep(0.05)
            yield process, http
    finally:
        process.kill()
        process.wait()


def started(http):
    try:
        return http.get("/startupz").status_code == 200
    except httpx.HTTPError:
        return False


def upload(http, name, data, file_name="part.stl", **options):
    options = {"name": name} | options
    return http.post("/v1/cases", data={"options": json.dumps(options)}, files={"volume": (file_name, data)})


def ended(http, name):
    deadline = time.monotonic() + 400
    while time.monotonic() < deadline:
        case = http.get(f"/v1/cases/{name}").json()
        if case["state"] != "preparing":
            return case
        time.sleep(0.05)
    raise AssertionError("still preparing")


def test_sigterm_with_uploads_waiting_ends_within_the_grace_and_leaves_nothing(tmp_path):
    with service(tmp_path / "cases") as (process, http):
        for number in range(6):
            assert upload(http, f"c{number}", stl_bytes(box_mesh()), material="steel").status_code == 201
        assert http.get("/v1/cases/c0").json()["state"] == "preparing"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert [path.name for path in (tmp_path / "cases").iterdir()] == [".fluoropose"]
    assert list((tmp_path / "cases" / ".fluoropose" / "staging").iterdir()) == []
    actions = [entry.action for entry in read_audit(tmp_path / "cases" / ".fluoropose" / "register.sqlite")]
    assert actions == ["start", *["upload"] * 6, *["interrupted"] * 6, "stop"]


def test_a_second_server_on_the_folder_refuses_in_words_and_one_that_reads_does_not(tmp_path):
    with service(tmp_path / "cases") as (process, _):
        command = [sys.executable, "-m", "fluoropose", "serve", "--cases", str(tmp_path / "cases"), "--grpc-port", "-1"]
        second = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert second.returncode == 2
        words = " ".join((second.stdout + second.stderr).split())
        assert f"got another one (process {process.pid})" in words
        assert "Traceback" not in words
        with service(tmp_path / "cases", "--read-only") as (_, reader):
            answer = upload(reader, "x", stl_bytes(box_mesh()), material="steel")
            assert (answer.status_code, answer.json()["code"]) == (409, "read-only")


def test_two_uploads_of_one_name_make_one_case_and_a_cancelled_one_ends_at_once(tmp_path):
    with service(tmp_path / "cases") as (_, http):
        answers = [upload(http, "same", stl_bytes(box_mesh()), material=kind) for kind in ("steel", "bone")]
        assert [answer.status_code for answer in answers] == [201, 409]
        began = time.monotonic()
        assert http.delete("/v1/cases/same").status_code == 204
        while (tmp_path / "cases" / ".fluoropose" / "staging").exists() and any(
            (tmp_path / "cases" / ".fluoropose" / "staging").iterdir()
        ):
            assert time.monotonic() - began < 10
            time.sleep(0.02)
        assert http.get("/v1/cases/same").json()["state"] == "cancelled"


def test_a_killed_service_keeps_what_was_finished_and_nothing_else(tmp_path):
    """The short form of `python tests/tools/kill_service.py --times 200`."""
    spec = importlib.util.spec_from_file_location("kill_service", TOOL)
    tool = importlib.util.module_from_spec(spec)
    sys.modules["kill_service"] = tool
    spec.loader.exec_module(tool)
    seen = tool.run(4, int(os.environ.get("PYTEST_SEED", "1")), tmp_path)
    assert seen.faults == []
    assert sum(seen.moments.values()) == 4


def test_the_log_and_the_audit_hold_nothing_of_a_patient(tmp_path):
    """Neither what is in a file, nor its name, nor the text of an error that quotes it."""
    values = np.full((12, 12, 8), 12, np.int16)
    values[4:8, 4:8, 2:6] = 1500
    folder = series(
        tmp_path / "dicom", values, PatientName="DOE^JANE", PatientID="4711-77", StudyDescription="left hip"
    )
    data = Path(shutil.make_archive(str(tmp_path / "doe_jane"), "zip", folder)).read_bytes()
    with service(tmp_path / "cases", "--log-level", "debug") as (process, http):
        upload(http, "one", data, "doe_jane_4711-77.zip", hu_window=[1000.0, 3000.0])
        upload(http, "two", data[:-200], "doe_jane_4711-77.zip", hu_window=[1000.0, 3000.0])
        assert (ended(http, "one")["state"], ended(http, "two")["state"]) == ("ready", "failed")
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    log = (tmp_path / "log").read_text()
    audit = str(read_audit(tmp_path / "cases" / ".fluoropose" / "register.sqlite"))
    assert '"message": "audit"' in log and "'upload'" in audit
    for word in ("DOE", "JANE", "doe_jane", "4711", "left hip", "camera_from"):
        assert word not in log, word
        assert word not in audit, word
