"""`serve`: a real server that answers and ends, addresses that are refused."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import httpx
import numpy as np
import pytest
from websockets.sync.client import connect

from fluoropose.evaluation.server_process import free_ports
from fluoropose.transports import server
from fluoropose.transports.http.schemas import camera_json
from fluoropose.transports.http.stream import SUBPROTOCOL
from support.commands import refused, run


def test_an_address_for_everybody_is_refused(cases_root, models_root):
    refused(run("serve", "--cases", cases_root, "--models", models_root, "--host", "0.0.0.0"), "--behind-proxy")


def test_a_real_server_starts_answers_streams_and_ends_on_sigterm(cases_root, models_root, camera):
    command = [sys.executable, "-m", "fluoropose", "serve", "--cases", str(cases_root), "--models", str(models_root)]
    command += ["--read-only"]
    (port,) = free_ports(1)
    process = subprocess.Popen(
        [*command, "--port", str(port), "--threads", "1"], env=os.environ | {"PYTHONUNBUFFERED": "1"}
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(address, 60.0)
        assert httpx.get(f"{address}/v1/cases").json()[0]["state"] == "ready"
        opening = {"case": "small", "camera": camera_json(camera)}
        session = httpx.post(f"{address}/v1/sessions", json=opening).json()["session"]
        stream = f"ws://127.0.0.1:{port}/v1/sessions/{session}/stream"
        with connect(stream, subprotocols=[SUBPROTOCOL], max_size=None) as socket:
            header = b'{"dtype": "uint16", "seq": 5}'
            pixels = np.arange(96 * 128, dtype="<u2").tobytes()
            socket.send(len(header).to_bytes(4, "little") + header + pixels)
            assert json.loads(socket.recv(timeout=30))["seq"] == 5
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _wait_until_ready(address, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(httpx.HTTPError):
            if httpx.get(f"{address}/readyz").status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"expected a ready server within {seconds} s, got none")


REFUSED = {
    "no keys": (["--host", "0.0.0.0"], "expected a loopback address or --keys"),
    "no TLS": (["--host", "0.0.0.0", "--keys", "KEYS"], "expected TLS on 0.0.0.0, got none"),
    "no such file of keys": (["--keys", "nowhere.json"], "expected a file of keys"),
    "half of TLS": (["--tls-key", "k.pem"], "expected both --tls-key and --tls-cert"),
    "an authority alone": (["--tls-client-ca", "ca.pem"], "expected --tls-key and --tls-cert"),
    "TLS files that are not there": (["--tls-key", "k.pem", "--tls-cert", "c.pem"], "expected readable TLS files"),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_unguarded_addresses_are_refused(cases_root, models_root, tmp_path, name):
    words, expected = REFUSED[name]
    run("keys", "add", "a", "--file", tmp_path / "keys.json", "--scope", "infer")
    words = [tmp_path / "keys.json" if word == "KEYS" else word for word in words]
    refused(run("serve", "--cases", cases_root, "--models", models_root, *words), expected)


@pytest.mark.parametrize(
    ("words", "set_to", "wanted"), [((), "0", False), (("--cuda-graphs",), "0", True), ((), "1", True)]
)
def test_cuda_graphs_are_made_where_they_are_asked_for(monkeypatch, tmp_path, words, set_to, wanted):
    plans = []
    monkeypatch.setenv("FLUOROPOSE_CUDA_GRAPHS", set_to)
    monkeypatch.setattr(server, "run_server", plans.append)
    assert run("serve", "--cases", tmp_path, *words).exit_code == 0
    assert [plan.cuda_graphs for plan in plans] == [wanted]


@pytest.mark.parametrize(
    ("words", "set_to", "wanted"), [((), "auto", "auto"), (("--renderer", "cpu"), "cuda", "cpu"), ((), "cuda", "cuda")]
)
def test_views_are_rendered_where_it_is_asked_for(monkeypatch, tmp_path, words, set_to, wanted):
    plans = []
    monkeypatch.setenv("FLUOROPOSE_RENDERER", set_to)
    monkeypatch.setattr(server, "run_server", plans.append)
    assert run("serve", "--cases", tmp_path, *words).exit_code == 0
    assert [plan.renderer for plan in plans] == [wanted]


def test_a_renderer_of_another_name_is_refused(cases_root, models_root):
    refused(
        run("serve", "--cases", cases_root, "--models", models_root, "--device", "cpu", "--renderer", "gpu"),
        "renderer must be auto, cpu or cuda, got 'gpu'",
    )
