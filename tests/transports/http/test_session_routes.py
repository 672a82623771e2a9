"""Sessions, frames and one-shot registrations over HTTP: every promise and every refusal."""

import base64
import io
import json
import time

import numpy as np
import pytest
from PIL import Image

from fluoropose.geometry.tolerance import CameraTolerance
from fluoropose.io.frames import npy_bytes
from support.dicom import ends_gdcm, xray_bytes
from support.wire import require_problem, send


def png(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG")
    return stream.getvalue()


def test_a_frame_in_every_encoding_gives_the_same_pose(client, session, frame, pose):
    bodies = [
        (npy_bytes(frame), "application/x-npy", {}),
        (png(frame), "image/png", {}),
        (frame.astype("<u2").tobytes(), "application/octet-stream", {"dtype": "uint16"}),
    ]
    poses = []
    for n, (body, kind, meta) in enumerate(bodies):
        client.patch(f"/v1/sessions/{session}", json={"initial_pose": pose.tolist()})
        result = send(client, session, body, kind, seq=n, **meta).json()
        assert result["seq"] == n
        poses.append(result["camera_from_volume"])
    assert poses[0] == poses[1] == poses[2]


def test_a_result_has_all_that_was_promised(client, session, frame):
    result = send(client, session, npy_bytes(frame), seq=17, captured_at=time.time()).json()
    assert result["seq"] == 17
    assert result["status"] in ("TRACKING", "LOW_CONFIDENCE", "LOST")
    pose = np.array(result["camera_from_volume"])
    np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-9)
    assert 0.0 <= result["confidence"] <= 1.0
    assert set(result["error_estimate"]) == {"in_plane_mm", "depth_mm", "rotation_deg"}
    assert set(result["timing_ms"]) >= {"decode", "preprocess", "regress", "refine", "quality", "queue", "total"}
    assert (result["case"], result["model"], result["device"]) == ("small", "small", "cpu")
    assert result["dropped_since_last"] == 0
    state = client.get(f"/v1/sessions/{session}").json()
    assert state["last_seq"] == 17
    assert state["counters"]["answered"] == 1


def test_without_a_start_the_frame_is_searched(client, opening, frame):
    del opening["initial_pose"]
    session = client.post("/v1/sessions", json=opening).json()["session"]
    result = send(client, session, npy_bytes(frame)).json()
    assert result["timing_ms"]["locate"] > 0.0
    assert result["seq"] == 0


def test_register_keeps_nothing_and_answers_like_a_session(client, session, opening, frame):
    as_json = client.post("/v1/register", json=opening | {"frame": base64.b64encode(npy_bytes(frame)).decode()})
    as_form = client.post("/v1/register", data={"request": json.dumps(opening)}, files={"frame": npy_bytes(frame)})
    in_session = send(client, session, npy_bytes(frame))
    poses = [answer.json()["camera_from_volume"] for answer in (as_json, as_form, in_session)]
    assert poses[0] == poses[1] == poses[2]


def test_a_session_is_closed_once(client, session):
    assert client.delete(f"/v1/sessions/{session}").status_code == 204
    require_problem(client.delete(f"/v1/sessions/{session}"), 404, "unknown-session")
    require_problem(client.get(f"/v1/sessions/{session}"), 404, "unknown-session")


def test_frame_numbers_must_rise(client, session, frame):
    assert send(client, session, npy_bytes(frame), seq=5).status_code == 200
    require_problem(send(client, session, npy_bytes(frame), seq=5), 409, "sequence-conflict", "above 5, got 5")
    assert send(client, session, npy_bytes(frame), seq=6).status_code == 200


def test_an_old_frame_is_refused(client, opening, frame):
    session = client.post("/v1/sessions", json=opening | {"max_frame_age_ms": 60_000}).json()["session"]
    old = send(client, session, npy_bytes(frame), captured_at=time.time() - 90)
    require_problem(old, 504, "frame-stale", "60000 ms")
    assert send(client, session, npy_bytes(frame), captured_at=time.time()).status_code == 200
    shown = client.get(f"/v1/sessions/{session}").json()
    assert shown["counters"] == {"received": 2, "answered": 1, "in_flight": 0, shown["last_status"]: 1}
    assert shown["dropped"] == {"stale_queue": 1}


@pytest.mark.parametrize(
    ("change", "status", "code", "words"),
    [
        ({"case": "nobody"}, 404, "unknown-case", "got 'nobody'"),
        ({"initial_pose": np.diag([1.0, 1.0, 1.1, 1.0]).tolist()}, 422, "invalid-geometry", "deviation of 0.21"),
        ({"initial_pose": [[1, 0], [0, 1]]}, 422, "invalid-request", "initial_pose"),
        ({"camera": {"rows": 10, "columns": 10}}, 422, "invalid-request", "got neither"),
        ({"pixel_meaning": "colour"}, 422, "invalid-request", "pixel_meaning"),
        ({"surprise": 1}, 422, "invalid-request", "surprise"),
        ({"max_frame_age_ms": -1}, 422, "invalid-request", "max_frame_age_ms"),
    ],
    ids=["case", "not rigid", "2x2", "no camera", "meaning", "unknown field", "age"],
)
def test_a_bad_opening_is_refused(client, opening, change, status, code, words):
    require_problem(client.post("/v1/sessions", json=opening | change), status, code, words)


@pytest.mark.parametrize("spacing", [0.0, -1.0])
def test_a_camera_without_spacing_is_refused(client, opening, spacing):
    bad = {"rows": 9, "columns": 9, "row_spacing_mm": spacing, "column_spacing_mm": 1.0, "source_to_detector_mm": 1e3}
    require_problem(
        client.post("/v1/sessions", json=opening | {"camera": bad}), 422, "invalid-request", "row_spacing_mm"
    )


def test_a_pose_behind_the_source_is_refused_at_the_frame(client, opening, frame, pose):
    behind = np.diag([-1.0, 1.0, -1.0, 1.0]) @ pose
    session = client.post("/v1/sessions", json=opening | {"initial_pose": behind.tolist()}).json()["session"]
    require_problem(send(client, session, npy_bytes(frame)), 422, "invalid-geometry", "in front of the source")


@pytest.mark.parametrize(
    ("body", "kind", "meta", "status", "code", "words"),
    [
        (b"", "application/x-npy", {}, 422, "invalid-frame", "npy"),
        (b"hello", "text/plain", {}, 415, "unsupported-media", "text/plain"),
        (b"\0" * 10, "application/octet-stream", {"dtype": "uint16"}, 422, "invalid-frame", "expected 24576 bytes"),
        (b"\0" * 10, "application/octet-stream", {}, 422, "invalid-frame", "dtype must be one of"),
        (npy_bytes(np.zeros((96, 128), np.float64)), "application/x-npy", {}, 422, "invalid-frame", "float64"),
        (npy_bytes(np.zeros((96, 128), np.uint8)), "application/x-npy", {}, 422, "invalid-frame", "one value 0"),
        (npy_bytes(np.zeros((9, 9), np.uint8)), "application/x-npy", {}, 422, "invalid-frame", "expected 96 x 128"),
        (npy_bytes(np.full((96, 128), np.nan, np.float32)), "application/x-npy", {}, 422, "invalid-frame", "finite"),
        (b"", "application/x-npy", {"seq": -1}, 422, "invalid-frame", "seq"),
        (b"", "application/x-npy", {"colour": 1}, 422, "invalid-frame", "colour"),
        (b"", "application/x-npy", {"captured_at": "yesterday"}, 422, "invalid-request", "captured_at"),
    ],
    ids=["empty", "media", "truncated", "no dtype", "float64", "constant", "size", "nan", "seq", "field", "time"],
)  # fmt: skip
def test_a_bad_frame_is_refused_and_the_session_goes_on(client, session, frame, body, kind, meta, status, code, words):
    require_problem(send(client, session, body, kind, **meta), status, code, words)
    assert send(client, session, npy_bytes(frame)).status_code == 200


def test_a_frame_that_ends_gdcm_is_refused_and_the_session_goes_on(client, session, frame):
    ending = ends_gdcm(xray_bytes(frame[None]))
    require_problem(send(client, session, ending, "application/dicom"), 422, "invalid-frame", "ends its decoder")
    assert send(client, session, npy_bytes(frame)).status_code == 200


def test_a_header_that_is_not_json_is_refused(client, session, frame):
    headers = {"Content-Type": "application/x-npy", "X-Frame-Meta": "{"}
    answer = client.post(f"/v1/sessions/{session}/frames", content=npy_bytes(frame), headers=headers)
    require_problem(answer, 422, "invalid-frame", "X-Frame-Meta")


def test_a_register_without_a_frame(client, opening):
    require_problem(client.post("/v1/register", json=opening), 422, "invalid-frame", "got none")
    require_problem(client.post("/v1/register", json=opening | {"frame": "%%%"}), 422, "invalid-frame", "base64")


def test_answered_and_dropped_add_up_to_received(client, session, frame):
    for n in range(6):
        send(client, session, npy_bytes(frame) if n % 2 else b"x")
    text = client.get("/metrics").text
    values = {}
    for line in text.splitlines():
        if line.startswith("fluoropose_frames_"):
            name = line.split("{")[0].split("_total")[0]
            if "_total" in line:
                values[name] = values.get(name, 0.0) + float(line.split()[-1])
    assert values["fluoropose_frames_received"] == 6
    assert values["fluoropose_frames_completed"] + values["fluoropose_frames_dropped"] == 6


def test_a_result_holds_what_is_included_and_no_more(client, opening, frame):
    asked = opening | {"include": ["outline", "covariance"]}
    coded = base64.b64encode(npy_bytes(frame)).decode()
    result = client.post("/v1/register", json=asked | {"frame": coded}).json()
    assert result["status"] != "LOST", "this test needs an object that is found"
    polygon = np.array(result["outline"][0])
    assert polygon.shape[1] == 2 and (polygon > -64).all() and (polygon < 192).all()
    covariance = np.array(result["covariance"])
    np.testing.assert_allclose(covariance, covariance.T, atol=1e-12)
    assert (np.linalg.eigvalsh(covariance) > 0).all()

    session = client.post("/v1/sessions", json=asked).json()["session"]
    assert send(client, session, npy_bytes(frame)).json()["outline"] == result["outline"]
    client.patch(f"/v1/sessions/{session}", json={"include": ["covariance"]})
    assert send(client, session, npy_bytes(frame)).json().keys() & {"outline", "covariance"} == {"covariance"}
    client.patch(f"/v1/sessions/{session}", json={"include": []})
    plain = send(client, session, npy_bytes(frame)).json()
    assert not plain.keys() & {"outline", "covariance"} and "include" not in plain["timing_ms"]


def test_a_part_that_no_result_has_is_refused(client, opening):
    require_problem(
        client.post("/v1/sessions", json=opening | {"include": ["secret"]}), 422, "invalid-request", "include"
    )


def test_a_cameras_tolerance_is_taken(client, opening, parts):
    camera = opening["camera"] | {"tolerance": {"focal_percent": 1.5, "principal_point_px": 4.0}}
    session = client.post("/v1/sessions", json=opening | {"camera": camera}).json()["session"]
    (kept,) = parts.service.sessions.get(session).settings.cameras.values()
    assert kept.tolerance == CameraTolerance(1.5, 4.0)
    camera["tolerance"]["focal_percent"] = -1.0
    require_problem(
        client.post("/v1/sessions", json=opening | {"camera": camera}), 422, "invalid-request", "focal_percent"
    )
