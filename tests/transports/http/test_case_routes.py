"""Uploading, watching and deleting cases."""

import json
import shutil
import time

import numpy as np
import pytest
from starlette.testclient import TestClient

from fluoropose.imaging.attenuation import WATER_PER_MM
from fluoropose.imaging.volume import Volume
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import store_bundle
from fluoropose.io.cases import list_cases, load_case
from fluoropose.io.nifti import write_nifti
from fluoropose.serving.service import Service
from fluoropose.transports.http import bodies, case_routes
from fluoropose.transports.http.app import create_app
from support.cases import small_volume, tiny_bundle


@pytest.fixture(scope="module")
def upload(tmp_path_factory):
    """The bytes of a CT with the small object in it."""
    volume = small_volume(2.5)
    path = tmp_path_factory.mktemp("upload") / "ct.nii.gz"
    hu = np.pad(np.where(volume.values > 0, 1000.0 * volume.values / WATER_PER_MM, 0.0), 3)
    write_nifti(path, Volume(hu.astype(np.float32), volume.lps_from_index))
    return path.read_bytes()


@pytest.fixture
def service(tmp_path, models_root):
    (tmp_path / "cases").mkdir()
    shutil.copytree(models_root, tmp_path / "models")
    service = Service(open_device("cpu", 2), tmp_path / "cases", tmp_path / "models")
    service.start()
    return service


@pytest.fixture
def client(service, monkeypatch):
    from fluoropose.drr import prepare

    # Nine views instead of 1369: the atlas's size is not what is tested here.
    monkeypatch.setattr(
        case_routes,
        "ViewChoice",
        lambda rotation, range_mm: prepare.ViewChoice(rotation, range_mm, prepare.AtlasGrid(2.0, 2.0)),
    )
    with TestClient(create_app(service), raise_server_exceptions=False) as client:
        yield client


def send(client, data, **options):
    options = {"name": "mine", "hu_window": [100.0, 30000.0]} | options
    return client.post("/v1/cases", data={"options": json.dumps(options)}, files={"volume": ("ct.exe", data)})


def wait_until_prepared(client, name="mine"):
    """Return the case when its preparation has ended. On a busy machine kernels may first be compiled for a minute."""
    deadline = time.monotonic() + 200.0
    while time.monotonic() < deadline:
        case = client.get(f"/v1/cases/{name}").json()
        if case["state"] != "preparing":
            return case
        time.sleep(0.05)
    raise AssertionError("still preparing")


def test_an_upload_without_a_model_says_what_is_missing(client, service, upload):
    answer = send(client, upload)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == "/v1/cases/mine"
    case = wait_until_prepared(client)
    assert case["state"] == "failed"
    assert "train one" in case["detail"]


def test_an_upload_with_its_model_becomes_ready_and_is_deleted(client, service, upload, tmp_path):
    send(client, upload)
    wait_until_prepared(client)
    made = tiny_bundle(load_case(tmp_path / "cases" / "mine"), tmp_path / "training", "mine")
    store_bundle(tmp_path / "models" / "mine", made, "")
    assert client.delete("/v1/cases/mine").status_code == 204
    assert list_cases(tmp_path / "cases") == []
    send(client, upload)
    case = wait_until_prepared(client)
    assert case["state"] == "ready"
    assert case["model"] == "mine"
    assert case["atlas"]["views"] == 9
    camera = {"rows": 64, "columns": 64, "intrinsic_matrix": [[900, 0, 32], [0, 900, 32], [0, 0, 1]]}
    opened = client.post("/v1/sessions", json={"case": "mine", "camera": camera}).json()["session"]
    assert send(client, upload).json()["code"] == "conflict"
    assert client.delete("/v1/cases/mine").status_code == 204
    assert client.get(f"/v1/sessions/{opened}").json()["code"] == "unknown-session"
    assert client.get("/v1/cases").json() == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"hu_window": [90000.0, 99999.0]}, "HU between 90000"),
        ({"label": 3}, "expected a label map"),
        ({"box_mm": [[900, 900, 900], [950, 950, 950]]}, "inside the box"),
    ],
)
def test_an_object_that_is_not_there_fails_and_leaves_nothing(client, upload, tmp_path, options, words):
    assert send(client, upload, **options).status_code == 201
    case = wait_until_prepared(client)
    assert case["state"] == "failed"
    assert words in case["detail"]
    assert list((tmp_path / "cases").iterdir()) == []


def test_a_truncated_volume_fails(client, upload):
    send(client, upload[: len(upload) // 2])
    assert "expected a NIfTI file" in wait_until_prepared(client)["detail"]


@pytest.mark.parametrize(
    ("data", "options", "code"),
    [
        (b"\xff\xd8 a photo", {}, "invalid-volume"),
        (b"", {}, "invalid-volume"),
        (None, {"name": "../../etc"}, "invalid-request"),
        (None, {"surprise": 1}, "invalid-request"),
        (None, {"view": "sideways"}, "invalid-request"),
        (None, {"range_mm": -1}, "invalid-request"),
    ],
)
def test_a_bad_upload_is_refused_at_once(client, upload, data, options, code):
    answer = send(client, upload if data is None else data, **options)
    assert answer.json()["code"] == code, answer.text
    assert client.get("/v1/cases").json() == []


def test_an_upload_that_is_no_form(client):
    assert client.post("/v1/cases", json={"name": "x"}).json()["code"] == "unsupported-media"
    assert client.post("/v1/cases", files={"other": b"x"}).json()["code"] == "invalid-request"


def test_a_volume_too_large_is_cut_off(client, upload, monkeypatch):
    monkeypatch.setattr(bodies, "MAX_VOLUME_BYTES", 1000)
    assert send(client, upload).json()["code"] == "payload-too-large"


def test_an_unknown_case_cannot_be_deleted(client):
    assert client.delete("/v1/cases/nobody").json()["code"] == "unknown-case"
