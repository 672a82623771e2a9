"""A worker's process, without its service: tests/transports/test_worker_process.py runs that."""

import socket
import sys
from pathlib import Path

import pytest

from fluoropose.errors import DeviceError
from fluoropose.fleet.plan import FleetPlan
from fluoropose.fleet.worker_process import WorkerProcess

PROGRAM = """
import http.server, json, os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
plan = json.loads(os.environ["FLUOROPOSE_WORKER"])
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = self.headers["X-Fluoropose-Worker"] == plan["token"]
        self.send_response(200 if known else 403)
        self.end_headers()
        self.wfile.write(json.dumps({"worker": plan["name"]}).encode())
    def log_message(self, *_):
        pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


class Plan(FleetPlan):
    """A plan whose workers are a small server in place of the service."""

    program = PROGRAM

    def serve_command(self, http_port, grpc_port):
        return [sys.executable, "-c", self.program, str(http_port)]


class EndingPlan(Plan):
    """A plan whose workers end at once."""

    program = "raise SystemExit(3)"


@pytest.fixture
def plan(tmp_path):
    return Plan("cases", Path("models"), tmp_path, host="0.0.0.0", advertise="{node}.example")


def test_it_is_started_asked_and_ended(plan):
    worker = WorkerProcess(plan, "w1", "10.0.0.7")
    try:
        worker.wait_until_started()
        facts = worker.facts()
        assert facts["worker"] == "w1"
        assert facts["http"].startswith("http://10.0.0.7.example:")
        assert facts["grpc"].startswith("10.0.0.7.example:")
        worker.require_alive()
    finally:
        worker.end()
    assert worker.process.returncode == 0
    with pytest.raises(DeviceError, match="got its end with code 0"):
        worker.require_alive()


def test_one_that_ends_at_once_is_an_error_and_tells_nothing(tmp_path):
    plan = EndingPlan("cases", Path("models"), tmp_path)
    worker = WorkerProcess(plan, "w1", "127.0.0.1")
    with pytest.raises(DeviceError, match="got its end with code 3"):
        worker.wait_until_started()
    assert worker.facts() is None
    worker.forget("hip")
    worker.end()


def test_ports_are_of_the_plans_range_and_one_that_is_taken_is_left_out(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        first = taken.getsockname()[1]
        plan = Plan("cases", Path("models"), tmp_path, ports=(first, first))
        with pytest.raises(DeviceError, match="expected two free ports"):
            WorkerProcess(plan, "w1", "127.0.0.1")
