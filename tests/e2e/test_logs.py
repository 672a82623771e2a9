"""What a service logs of frames: no pixel, no pose, nothing of a patient and no text that a client sent.

What it logs of uploads, and the audit, are looked at in `test_stored_cases.py`.
"""

import base64
import io
import json
import logging
import time

import numpy as np
import pytest

from fluoropose.serving.housekeeping import Intervals
from fluoropose.serving.wiring import wire_serving
from fluoropose.telemetry.logs import JsonFormatter
from fluoropose.transports.http.schemas import camera_json
from support.dicom import xray_bytes
from support.serving import http_client, started_service
from support.wire import packed, send

PATIENT = {"PatientName": "Krankova^Jana", "PatientID": "KH-470011", "PatientBirthDate": "19470611"}
SECRETS = ("krankova", "jana", "470011", "470611")


@pytest.fixture
def written():
    """All that the service logs, as it is written."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    handler.setFormatter(JsonFormatter())
    handler.addFilter(lambda record: record.name.startswith("fluoropose"))  # the client of this process logs, too
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def parts(cases_root, models_root):
    return wire_serving(started_service(cases_root, models_root), Intervals(summary_s=0.05))


def use(client, opening, frame):
    """Do what a console does, and what goes wrong with it; return the numbers of a pose that was found."""
    npy = io.BytesIO()
    np.save(npy, frame)
    session = client.post("/v1/sessions", json=opening).json()["session"]
    found = send(client, session, npy.getvalue()).json()
    for body, kind in ((xray_bytes(frame[None, :4], **PATIENT), "application/dicom"), (b"krankova", "image/png")):
        assert send(client, session, body, kind).status_code == 422
    with client.websocket_connect(f"/v1/sessions/{session}/stream", subprotocols=["fluoropose.v1+json"]) as stream:
        stream.send_bytes(packed(frame.tobytes(), dtype="uint16"))
        assert stream.receive_json()["type"] == "result"
        stream.send_text('{"type": "krankova"}')
        assert stream.receive_json()["type"] == "problem"
    register = opening | {"frame": base64.b64encode(npy.getvalue()).decode()}
    assert client.post("/v1/register", json=register).status_code == 200
    assert client.get("/v1/cases/krankova_jana").status_code == 404
    assert client.get("/krankova?patient=jana").status_code == 404
    return [f"{value:.5f}"[:7] for value in np.ravel(found["camera_from_volume"]) if 1e-3 < abs(value) != 1.0]


def test_logs_hold_nothing_of_a_frame_or_a_patient(written, parts, camera, pose, frame):
    opening = {"case": "small", "camera": camera_json(camera), "initial_pose": pose.tolist()}
    with http_client(parts) as client:
        numbers = use(client, opening, frame)
        keeping = client.portal.start_task_soon(parts.housekeeping.run)
        for _ in range(200):
            if '"message": "session"' in written.getvalue():
                break
            time.sleep(0.05)
        keeping.cancel()
    text = written.getvalue()
    kinds = {json.loads(line)["message"] for line in text.splitlines()}
    assert {"request", "session"} <= kinds
    told = text.lower()
    assert [word for word in SECRETS if word in told] == []
    assert len(numbers) > 8
    assert [number for number in numbers if number in told] == []
    raw = frame.tobytes()[2000:2030]
    assert all(
        pixels not in told for pixels in (raw.hex(), base64.b64encode(raw).decode().lower(), str(list(raw))[1:-1])
    )
