"""What is measured of a fleet, on a front door that a test makes up; the whole takes minutes and is a command."""

import http.server
import json
import threading

import pytest

pytest.importorskip("ray", reason="the extra fleet is not installed")

from fluoropose.evaluation.load_point import LoadFrames
from fluoropose.fleet.engine.local_cluster import LocalFleet
from fluoropose.fleet.engine.measurement import FleetMeasurement


@pytest.fixture
def door():
    """A front door that opens each session, and says how many it placed."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append((self.command, self.path, sent))
            text = json.dumps({"session": "w1.x", "placed": {"resident": 1}, "workers": []}).encode()
            self.send_response(201)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield LocalFleet(f"http://127.0.0.1:{running.server_address[1]}", ""), asked
        running.shutdown()


def test_each_case_is_opened_once_to_be_loaded_and_then_as_resident(door, camera, tmp_path):
    fleet, asked = door
    measurement = FleetMeasurement(tmp_path, tmp_path, LoadFrames("small", camera, [], []), copies=2)
    figures = measurement.openings(fleet)
    opened = [json.loads(sent)["case"] for method, _, sent in asked if method == "POST"]
    assert opened == ["copy-0"] * 6 + ["copy-1"] * 6
    assert [path for method, path, _ in asked if method == "DELETE"] == ["/v1/sessions/w1.x"] * 12
    assert set(figures) == {"loaded_ms", "resident_ms", "placed"}
    assert 0 < figures["resident_ms"]["p50"] <= figures["resident_ms"]["p99"]
