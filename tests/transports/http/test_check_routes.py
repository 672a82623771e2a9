"""The doctor over HTTP: files as a form or a body, geometry as JSON."""

import base64
import io

import numpy as np
from PIL import Image

from fluoropose.geometry.conversion.convert import write_geometry
from support.damaged import image, nifti
from support.dicom import ends_gdcm, enhanced_bytes
from support.geometries import some_geometry
from support.wire import require_problem


def test_a_file_of_a_form(client):
    answer = client.post("/v1/check", files={"file": ("ct.nii", nifti())})
    assert answer.status_code == 200, answer.text
    assert answer.json()["understood"]["what"] == "volume"
    assert set(answer.json()) == {"understood", "findings"}
    assert all(set(one) == {"code", "severity", "text", "certainty"} for one in answer.json()["findings"])


def test_a_file_as_the_body(client):
    answer = client.post("/v1/check", content=image("PNG"), headers={"Content-Type": "image/png"})
    assert answer.json()["understood"]["what"] == "frame"


def test_a_damaged_file_is_a_report_and_no_problem(client):
    answer = client.post("/v1/check", files={"volume": ("ct.nii", nifti()[:500])})
    assert answer.status_code == 200
    assert answer.json()["findings"][0]["severity"] == "error"


def test_a_file_that_ends_gdcm_is_a_report(client):
    series = ends_gdcm(enhanced_bytes(np.zeros((24, 30, 3)), order=range(3)))
    answer = client.post("/v1/check", files={"file": ("ct.dcm", series)})
    assert answer.status_code == 200
    assert "ended the process that read it" in answer.json()["findings"][0]["text"]
    assert client.post("/v1/check", files={"file": ("ct.nii", nifti())}).json()["understood"]["what"] == "volume"


def test_a_geometry(client):
    fields = write_geometry(some_geometry(), "mayacam2", {}).fields
    for body in (fields, {"geometry": fields}):
        answer = client.post("/v1/check", json=body)
        assert answer.json()["understood"]["kind"] == "mayacam2"
    answer = client.post("/v1/check", json={"rows": 3})
    assert answer.json()["findings"][0]["code"] == "invalid-geometry"


def test_voxels_where_they_are_asked_for(client):
    given = client.post("/v1/check?voxels=true", files={"file": ("ct.nii", nifti())}).json()["voxels"]
    assert np.frombuffer(base64.b64decode(given["values"]), "<f4").size == np.prod(given["shape"])
    assert client.post("/v1/check?voxels=true", files={"file": ("a.png", image("PNG"))}).json()["voxels"] is None
    assert client.post("/v1/check?voxels=true", json={"rows": 3}).json()["voxels"] is None


def test_a_picture_where_it_is_asked_for(client):
    answer = client.post("/v1/check?picture=true", files={"file": ("ct.nii", nifti())}).json()
    with Image.open(io.BytesIO(base64.b64decode(answer["picture"]))) as picture:
        assert (picture.format, picture.size) == ("PNG", (960, 320))
    fields = write_geometry(some_geometry(), "mayacam2", {}).fields
    assert client.post("/v1/check?picture=true", json=fields).json()["picture"] is None
    assert client.post("/v1/check?picture=true", files={"file": ("a.nii", nifti()[:500])}).json()["picture"] is None


def test_what_is_no_file_is_refused(client):
    require_problem(client.post("/v1/check", files={"file": ("a.doc", b"\xff\xd8")}), 422, "invalid-request")
    require_problem(client.post("/v1/check", data={"file": "text"}, files={}), 415, "unsupported-media")
    require_problem(client.post("/v1/check", json=[1]), 422, "invalid-request")
