"""Uploading, watching and deleting cases."""

import json
import shutil
import time

import numpy as np
import pytest

from fluoropose.drr.atlas import AtlasGrid
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import about_x, about_z
from fluoropose.imaging.attenuation import WATER_PER_MM
from fluoropose.imaging.volume import Volume
from fluoropose.io.bundles import store_bundle
from fluoropose.io.cases import list_cases, load_case
from fluoropose.io.frames import decode_frame
from fluoropose.io.nifti import write_nifti
from fluoropose.serving.wiring import wire_serving
from fluoropose.transports.http.bodies import BodyLimits
from fluoropose.transports.http.schemas import camera_json
from support.cases import small_volume, tiny_bundle
from support.damaged import bad_deflate, ct_zip, encrypted
from support.dicom import ends_gdcm, enhanced_bytes
from support.meshes import box_mesh, obj_bytes, ply_bytes, stl_bytes
from support.serving import http_client, started_service

FEW_VIEWS = AtlasGrid(2.0, 2.0)
"""Nine views instead of 1369: the atlas's size is not what is tested here."""


@pytest.fixture(scope="module")
def upload(tmp_path_factory):
    """The bytes of a CT with the small object in it."""
    volume = small_volume(2.5)
    path = tmp_path_factory.mktemp("upload") / "ct.nii.gz"
    hu = np.pad(np.where(volume.values > 0, 1000.0 * volume.values / WATER_PER_MM, 0.0), 3)
    write_nifti(path, Volume(hu.astype(np.float32), volume.lps_from_index))
    return path.read_bytes()


@pytest.fixture
def stocked(tmp_path, models_root):
    """A service with no case yet and one model."""
    (tmp_path / "cases").mkdir()
    shutil.copytree(models_root, tmp_path / "models")
    return wire_serving(started_service(tmp_path / "cases", tmp_path / "models", threads=2))


@pytest.fixture
def empty(stocked):
    with http_client(stocked, grid=FEW_VIEWS) as client:
        yield client


def upload_case(client, data, **options):
    options = {"name": "mine", "hu_window": [100.0, 30000.0]} | options
    return client.post("/v1/cases", data={"options": json.dumps(options)}, files={"volume": ("ct.exe", data)})


def wait_until_prepared(client, name="mine"):
    for _ in range(1200):
        case = client.get(f"/v1/cases/{name}").json()
        if case["state"] != "preparing":
            return case
        time.sleep(0.05)
    raise AssertionError("still preparing")


def test_an_upload_without_a_model_of_its_own_is_served_by_the_universal_networks(empty, upload):
    answer = upload_case(empty, upload)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == "/v1/cases/mine"
    case = wait_until_prepared(empty)
    assert (case["state"], case["model"], case["step"], case["progress"]) == ("ready", "universal", "ready", 1.0), case
    assert case["verification"]["frames"] == 8
    assert case["verification"]["text"] in case["detail"]
    assert "cm3" in case["detail"]
    again = empty.get("/v1/cases/mine").json()
    assert again["verification"] == case["verification"]


def test_a_case_is_cancelled_while_it_is_prepared_and_may_come_again(stocked, upload):
    with http_client(stocked, grid=AtlasGrid(36.0)) as client:
        assert upload_case(client, upload).json()["state"] == "preparing"
        assert client.delete("/v1/cases/mine").status_code == 204
        case = wait_until_prepared(client)
        assert case["state"] == "cancelled"
        assert stocked.service.records["mine"].ended.wait(30)
        assert client.get("/v1/cases/mine").json()["state"] == "cancelled"
        assert not (stocked.service.cases_root / "mine").exists()
        assert upload_case(client, upload).status_code == 201
        assert client.delete("/v1/cases/mine").status_code == 204
        assert stocked.service.records["mine"].ended.wait(30)
        assert client.delete("/v1/cases/mine").status_code == 204
        assert client.get("/v1/cases/mine").status_code == 404


def test_the_expected_pose_says_from_where_the_first_views_are_rendered(empty, upload, tmp_path):
    turned = about_z(0.3) @ about_x(1.2)
    pose = rigid(turned, np.array([0.0, 0.0, 900.0]))
    assert upload_case(empty, upload, expected_pose=pose.tolist()).status_code == 201
    assert wait_until_prepared(empty)["state"] == "ready"
    np.testing.assert_allclose(load_case(tmp_path / "cases" / "mine").atlas.view.base_rotation, turned, atol=1e-9)
    bent = upload_case(empty, upload, name="bent", expected_pose=(2.0 * pose).tolist())
    assert bent.status_code == 422, bent.text


def upload_mesh(client, data, file_name="part.bin", **options):
    options = {"name": "mine"} | options
    return client.post("/v1/cases", data={"options": json.dumps(options)}, files={"volume": (file_name, data)})


@pytest.mark.parametrize(
    ("data", "file_name"),
    [(stl_bytes(box_mesh()), "part.bin"), (ply_bytes(box_mesh()), "part"), (obj_bytes(box_mesh()), "part.obj")],
    ids=["stl", "ply", "obj"],
)
def test_a_mesh_is_prepared_as_a_volume_is(empty, tmp_path, data, file_name):
    answer = upload_mesh(empty, data, file_name, material="steel")
    assert answer.status_code == 201, answer.text
    case = wait_until_prepared(empty)
    assert (case["state"], case["model"]) == ("ready", "universal"), case
    assert load_case(tmp_path / "cases" / "mine").volume.values.max() == pytest.approx(0.6912, abs=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "expected the mesh's material (titanium, cobalt-chrome, steel, uhmwpe, peek, bone)"),
        ({"material": "wood"}, "got 'wood'"),
        ({"material": "bone", "hu_window": [1, 2]}, "expected no selection"),
        ({"attenuation_per_mm": 0}, "above 0"),
        ({"attenuation_per_mm": "dense"}, "attenuation_per_mm"),
    ],
)
def test_a_mesh_of_nothing_known_is_refused_at_once(empty, options, message):
    answer = upload_mesh(empty, stl_bytes(box_mesh()), **options)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert message in answer.json()["detail"]
    assert empty.get("/v1/cases").json() == []


def test_a_mesh_that_is_cut_fails_and_says_why(empty):
    upload_mesh(empty, stl_bytes(box_mesh(), count=13), "part.stl", material="bone")
    case = wait_until_prepared(empty)
    assert case["state"] == "failed"
    assert "13 facets that its header counts" in case["detail"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (ct_zip(RescaleIntercept=""), "Rescale Intercept"),
        (ct_zip(transfer_syntax="1.2.840.10008.1.2.4.70", PixelData=b"\xfe\xff\x00\xe0\0\0\0\0"), "decoded in 1.dcm"),
        (ends_gdcm(enhanced_bytes(np.zeros((24, 30, 3)), order=range(3))), "ends its decoder"),
        (ct_zip(ImagePositionPatient=[]), "Image Position (Patient)"),
        (ct_zip(PixelData=b"\0" * 7), "decoded in 1.dcm"),
        (encrypted(ct_zip()), "encrypted"),
        (bad_deflate(ct_zip()), "0.dcm"),
    ],
    ids=["empty attribute", "no JPEG", "ends GDCM", "no position", "few pixels", "encrypted", "bad deflate"],
)
def test_a_damaged_series_fails_says_why_and_is_deleted(empty, data, words):
    assert upload_case(empty, data).status_code == 201
    case = wait_until_prepared(empty)
    assert (case["state"], words in case["detail"]) == ("failed", True), case["detail"]
    assert empty.delete("/v1/cases/mine").status_code == 204
    assert empty.get("/v1/cases").json() == []


def test_an_upload_with_its_model_becomes_ready_and_is_deleted(empty, upload, tmp_path):
    upload_case(empty, upload)
    wait_until_prepared(empty)
    made = tiny_bundle(load_case(tmp_path / "cases" / "mine"), tmp_path / "training", "mine")
    store_bundle(tmp_path / "models" / "mine", made, "")
    assert empty.delete("/v1/cases/mine").status_code == 204
    assert list_cases(tmp_path / "cases") == []
    upload_case(empty, upload)
    case = wait_until_prepared(empty)
    assert case["state"] == "ready"
    assert case["model"] == "mine"
    assert case["atlas"]["views"] == 9
    camera = {"rows": 64, "columns": 64, "intrinsic_matrix": [[900, 0, 32], [0, 900, 32], [0, 0, 1]]}
    opened = empty.post("/v1/sessions", json={"case": "mine", "camera": camera}).json()["session"]
    assert upload_case(empty, upload).json()["code"] == "conflict"
    assert empty.delete("/v1/cases/mine").status_code == 204
    assert empty.get(f"/v1/sessions/{opened}").json()["code"] == "unknown-session"
    assert empty.get("/v1/cases").json() == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"hu_window": [90000.0, 99999.0]}, "HU between 90000"),
        ({"label": 3}, "expected a label map"),
        ({"box_mm": [[900, 900, 900], [950, 950, 950]]}, "inside the box"),
    ],
)
def test_an_object_that_is_not_there_fails_and_leaves_nothing(empty, upload, tmp_path, options, words):
    assert upload_case(empty, upload, **options).status_code == 201
    case = wait_until_prepared(empty)
    assert case["state"] == "failed"
    assert words in case["detail"]
    assert [path for path in (tmp_path / "cases").iterdir() if path.name != ".fluoropose"] == []


def test_a_truncated_volume_fails(empty, upload):
    upload_case(empty, upload[: len(upload) // 2])
    assert "expected a NIfTI file" in wait_until_prepared(empty)["detail"]


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
def test_a_bad_upload_is_refused_at_once(empty, upload, data, options, code):
    answer = upload_case(empty, upload if data is None else data, **options)
    assert answer.json()["code"] == code, answer.text
    assert empty.get("/v1/cases").json() == []


def test_an_upload_that_is_no_form(empty):
    assert empty.post("/v1/cases", json={"name": "x"}).json()["code"] == "unsupported-media"
    assert empty.post("/v1/cases", files={"other": b"x"}).json()["code"] == "invalid-request"


def test_a_volume_too_large_is_cut_off(stocked, upload):
    with http_client(stocked, limits=BodyLimits(volume_bytes=1000)) as client:
        assert upload_case(client, upload).json()["code"] == "payload-too-large"


def test_an_unknown_case_cannot_be_deleted(empty):
    assert empty.delete("/v1/cases/nobody").json()["code"] == "unknown-case"


def test_cases_are_listed_with_their_atlas(client, small_case):
    (only,) = client.get("/v1/cases").json()
    assert only["case"] == "small"
    assert only["state"] == "ready"
    assert only["progress"] == 1.0
    assert only["atlas"] == {"views": 49, "bytes": 49 * 128 * 128 * 2, "device": "cpu"}
    assert only["volume"]["size_mm"] == pytest.approx(small_case.size_mm)
    assert client.get("/v1/cases/small").json() == only


@pytest.mark.parametrize("kind", ["npy", "png"])
def test_render_is_the_renderers(client, small_case, camera, pose, kind):
    body = {"case": "small", "camera": camera_json(camera), "camera_from_volume": pose.tolist(), "format": kind}
    answer = client.post("/v1/render", json=body)
    lines = CpuRenderer(small_case.volume, float(small_case.volume.spacing_mm.min())).render(camera, pose)
    if kind == "npy":
        np.testing.assert_allclose(decode_frame(answer.content, "application/x-npy"), lines, atol=1e-6)
    else:
        np.testing.assert_allclose(decode_frame(answer.content, "image/png"), 65535 * np.exp(-lines), atol=1.0)
