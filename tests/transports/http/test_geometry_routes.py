"""Geometry over HTTP: converted, with the camera that sessions take, or refused in words."""

import numpy as np
import pytest

from fluoropose.geometry.conversion.convert import read_geometry, write_geometry
from support.geometries import require_same, some_geometry
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
