"""Geometry over HTTP: converted, with the camera that sessions take, or refused in words."""

from base64 import b64encode

import numpy as np
import pytest

from fluoropose.geometry.conversion.convert import GEOMETRY_KINDS, read_geometry, write_geometry
from fluoropose.io.frames import npy_bytes
from fluoropose.transports.http.schemas import camera_json
from support.geometries import c_arm_geometry, require_same, some_geometry
from support.pictures import require_like
from support.wire import require_problem

BEYOND = {"kind": "distances", "rows": 10**400, "columns": 5}


def test_a_calibration_is_converted_and_its_camera_opens_a_session(client, opening):
    source = write_geometry(some_geometry(), "mayacam2", {}).fields | {"source_to_detector_mm": 1200.0}
    answer = client.post("/v1/geometry/convert", json={"from": source, "to": "c_arm"})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    require_same(read_geometry(body["geometry"]), some_geometry())
    assert (body["losses"], body["notes"], body["first_guess"]) == ([], [], False)
    np.testing.assert_allclose(body["camera"]["camera_from_world"], some_geometry().camera_from_world)
    assert client.post("/v1/sessions", json=opening | {"camera": body["camera"]}).status_code == 201


@pytest.mark.parametrize("kind", GEOMETRY_KINDS)
def test_what_every_kind_says_is_seen_on_a_frame(client, frame, pose, kind):
    """The camera of an answer goes into an overlay and a DRR as it is, its place too."""
    source = write_geometry(c_arm_geometry(), kind, {}).fields
    camera = client.post("/v1/geometry/convert", json={"from": source, "to": "intrinsic"}).json()["camera"]
    asked = {"case": "small", "camera_from_volume": pose.tolist(), "frame": b64encode(npy_bytes(frame)).decode()}
    seen, expected = [
        client.post("/v1/overlay", json=asked | {"camera": one})
        for one in (camera, camera_json(c_arm_geometry().camera))
    ]
    assert (seen.status_code, expected.status_code) == (200, 200), seen.text
    require_like(seen.content, expected.content)
    del asked["frame"]
    assert client.post("/v1/render", json=asked | {"camera": camera}).status_code == 200


def test_what_is_lost_guessed_and_unlikely_is_said(client):
    fields = {"kind": "dicom_xa", "Rows": 512, "Columns": 512, "DistanceSourceToDetector": 1200.0}
    fields |= {"ImagerPixelSpacing": [2.0, 2.0]}
    body = client.post(
        "/v1/geometry/convert", json={"from": fields, "to": {"kind": "intrinsic", "v_axis": "up"}}
    ).json()
    assert body["first_guess"] and "first guess" in body["notes"][0]
    assert [finding["code"] for finding in body["findings"]] == ["unlikely-field", "first-guess"]
    assert body["geometry"]["v_axis"] == "up"


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({"from": {"kind": "photo"}, "to": "intrinsic"}, "invalid-geometry", "expected a kind of"),
        ({"from": {"kind": "mayacam2", "text": "x"}, "to": "intrinsic"}, "invalid-geometry", "image size"),
        ({"from": BEYOND, "to": "intrinsic"}, "invalid-geometry", "rows as a number"),
        (
            {
                "from": {"kind": "intrinsic", "rows": 5, "columns": 5, "intrinsic_matrix": [[10**400] * 3] * 3},
                "to": "c_arm",
            },
            "invalid-geometry",
            "intrinsic_matrix as 3 x 3 numbers",
        ),
        (
            {"from": {"kind": "mayacam1", "text": "0,0,0\n0,0,9e999\n0,0,0\n1,1,-9\n1,9,9\n"}, "to": "c_arm"},
            "invalid-geometry",
            "finite numbers, got 9e999",
        ),
        ({"from": 3, "to": "intrinsic"}, "invalid-request", "from"),
        ({"from": {}}, "invalid-request", "to"),
    ],
)
def test_what_cannot_be_converted(client, body, code, words):
    require_problem(client.post("/v1/geometry/convert", json=body), 422, code, words)
