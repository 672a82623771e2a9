"""The routes of operations: health, version and metrics."""

import threading

from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.frames import npy_bytes
from fluoropose.serving.service import Service
from fluoropose.serving.wiring import wire_serving
from support.serving import http_client
from support.wire import require_problem, send


def test_operations(client):
    assert client.get("/livez").json() == {"status": "ok"}
    assert client.get("/startupz").status_code == 200
    assert client.get("/readyz").json()["status"] == "ok"
    assert client.get("/version").json()["device"] == "cpu"
    assert "/v1/sessions/{session}/frames" in client.get("/openapi.json").json()["paths"]


def test_alive_before_started_and_ready_after(cases_root, models_root, opening):
    service = Service(open_device("cpu", 1), cases_root, models_root)
    probes = ("/livez", "/startupz", "/readyz")
    with http_client(wire_serving(service)) as client:
        assert [client.get(probe).status_code for probe in probes] == [200, 503, 503]
        require_problem(client.post("/v1/sessions", json=opening), 503, "not-ready", "has not come to case 'small'")
        service.start()
        assert [client.get(probe).status_code for probe in probes] == [200, 200, 200]
        assert client.post("/v1/sessions", json=opening).status_code == 201


def test_draining_is_not_ready_and_takes_no_session(client, service, opening):
    service.draining = True
    assert client.get("/readyz").status_code == 503
    assert client.get("/livez").status_code == 200
    answer = client.post("/v1/sessions", json=opening)
    require_problem(answer, 503, "not-ready")
    assert answer.headers["retry-after"] == "1"


def test_metrics_count_what_happened(client, session, frame):
    send(client, session, npy_bytes(frame))
    send(client, session, b"")
    text = client.get("/metrics").text
    assert 'fluoropose_frames_received_total{transport="http"} 2.0' in text
    assert 'fluoropose_frames_dropped_total{reason="invalid"} 1.0' in text
    assert 'fluoropose_infer_duration_seconds_count{model="small",stage="regress"} 1.0' in text
    assert 'fluoropose_queue_duration_seconds_count{model="small"} 1.0' in text
    assert 'fluoropose_frame_age_seconds_bucket{le="0.0333",transport="http"}' in text
    assert "fluoropose_ready 1.0" in text
    assert f'fluoropose_atlas_bytes{{device="cpu"}} {49 * 128 * 128 * 2:.6g}'[:30] in text
    assert 'code="200",method="POST /v1/sessions/{session}/frames"' in text


def test_a_scrape_does_not_keep_the_event_loop(client, parts, monkeypatch):
    threads = []

    def noting(accept):
        threads.append(threading.current_thread())
        return b"x 1\n", "text/plain"

    monkeypatch.setattr(parts.metrics, "exposition", noting)
    client.portal.call(lambda: threads.append(threading.current_thread()))
    assert client.get("/metrics").text == "x 1\n"
    assert threads[0] is not threads[1]
