"""A real service on a disk that is full: 507 or a case that failed, the process lives, and sessions go on."""

import json
import shutil
import time

import httpx
import numpy as np
import pytest

from fluoropose.client import Client
from fluoropose.evaluation.server_process import server_process
from fluoropose.imaging.attenuation import WATER_PER_MM
from fluoropose.imaging.volume import Volume
from fluoropose.io.nifti import write_nifti
from fluoropose.transports.http.schemas import camera_json
from support.cases import small_volume
from support.small_disk import fill, small_disk

pytestmark = pytest.mark.timeout(600)

DISK_BYTES = 40 * 2**20
LEFT_MIB = (0, 2, 3, 4, 5, 24)
"""What is left of the disk when an upload comes: nothing, less than it takes, and enough."""


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A small file system of its own."""
    with small_disk(tmp_path_factory.mktemp("disk"), DISK_BYTES) as folder:
        yield folder


@pytest.fixture(scope="module")
def server(disk, cases_root, models_root):
    shutil.copytree(cases_root / "small", disk / "cases" / "small")
    with server_process(disk / "cases", models_root, 1, "cpu", ("--log-level", "error"), writes=True) as running:
        yield running


@pytest.fixture(scope="module")
def upload(tmp_path_factory):
    volume = small_volume(2.5)
    path = tmp_path_factory.mktemp("upload") / "ct.nii.gz"
    hu = np.pad(np.where(volume.values > 0, 1000.0 * volume.values / WATER_PER_MM, 0.0), 3)
    write_nifti(path, Volume(hu.astype(np.float32), volume.lps_from_index))
    return path.read_bytes()


def ended(http, name):
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        case = http.get(f"/v1/cases/{name}").json()
        if case["state"] != "preparing":
            return case
        time.sleep(0.05)
    raise AssertionError("still preparing")


def test_a_full_disk_is_an_answer_and_frames_go_on(server, disk, upload, camera, pose, frame):
    answers = []
    with httpx.Client(base_url=server.http, timeout=60.0) as http, Client(server.http) as client:
        tracker = client.track("small", camera_json(camera), initial_pose=pose)
        for number, left_mib in enumerate(LEFT_MIB):
            fill(disk, left_mib * 2**20)
            name = f"c{number}"
            options = {"name": name, "hu_window": [100.0, 30000.0]}
            answer = http.post(
                "/v1/cases", data={"options": json.dumps(options)}, files={"volume": ("ct.nii.gz", upload)}
            )
            if answer.status_code == 201:
                case = ended(http, name)
                answers.append(case["state"])
                assert case["state"] == "ready" or "expected room for" in case["detail"] or "write" in case["detail"]
                assert http.delete(f"/v1/cases/{name}").status_code == 204
            else:
                answers.append(answer.status_code)
                assert (answer.status_code, answer.json()["code"]) == (507, "storage-failed"), answer.text
            assert [path.name for path in (disk / "cases").iterdir() if path.name != ".fluoropose"] == ["small"]
            assert list((disk / "cases" / ".fluoropose" / "staging").iterdir()) == []
            assert tracker.send(frame)["status"] in ("TRACKING", "LOW_CONFIDENCE")
            assert server.process.poll() is None
        tracker.close()
    assert answers[0] == 507
    assert "failed" in answers, answers
    assert answers[-1] == "ready", answers


def test_a_case_is_deleted_from_a_disk_that_is_full(server, disk, upload):
    (disk / "filler").unlink(missing_ok=True)
    with httpx.Client(base_url=server.http, timeout=60.0) as http:
        options = {"name": "goes", "hu_window": [100.0, 30000.0]}
        http.post("/v1/cases", data={"options": json.dumps(options)}, files={"volume": ("ct.nii.gz", upload)})
        assert ended(http, "goes")["state"] == "ready"
        fill(disk, 0)
        assert http.delete("/v1/cases/goes").status_code == 204
        assert not (disk / "cases" / "goes").exists()
        assert [case["case"] for case in http.get("/v1/cases").json()] == ["small"]
