"""The server: its event loop, how uvicorn serves, and one whole run from start to signal."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import httpx

from fluoropose.evaluation.server_process import free_ports
from fluoropose.transports import server
from fluoropose.transports.serve_plan import ServePlan


def test_uvloop_is_used_where_it_is_and_asyncio_where_it_is_not(monkeypatch):
    if sys.platform != "win32":
        factory = server.loop_factory()
        assert factory is not None
        loop = factory()
        assert type(loop).__module__.startswith("uvloop")
        loop.close()
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert server.loop_factory() is None


def test_one_stream_message_waits_at_most():
    """A queue of messages would hold old frames in front of the newest."""
    config = server.http_config(ServePlan(Path("cases"), Path("models"), port=1234), None)
    assert (config.port, config.ws_max_queue, config.ssl_keyfile) == (1234, 1, None)
    plan = ServePlan(Path("cases"), Path("models"), tls_key=Path("k.pem"), tls_chain=Path("c.pem"))
    assert server.http_config(plan, None).ssl_certfile == "c.pem"


def test_a_silent_stream_is_ended_after_three_pings_time():
    config = server.http_config(ServePlan(Path("cases"), Path("models"), ping_s=1.5), None)
    assert (config.ws_ping_interval, config.ws_ping_timeout) == (1.5, 3.0)


def test_a_server_without_grpc_serves_until_it_is_told_to_stop(cases_root, models_root):
    port, metrics_port = free_ports(2)
    seen = {}

    def look_then_stop():
        try:
            deadline = time.monotonic() + 60.0
            while time.monotonic() < deadline and seen.get("ready") != 200:
                try:
                    seen["ready"] = httpx.get(f"http://127.0.0.1:{port}/readyz").status_code
                except httpx.HTTPError:
                    time.sleep(0.05)
            seen["live"] = httpx.get(f"http://127.0.0.1:{port}/livez").status_code
            seen["metrics"] = httpx.get(f"http://127.0.0.1:{metrics_port}/metrics").text
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    client = threading.Thread(target=look_then_stop)
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    interval = sys.getswitchinterval()
    client.start()
    try:
        server.run_server(
            ServePlan(
                cases_root,
                models_root,
                port=port,
                grpc_port=-1,
                metrics_port=metrics_port,
                device="cpu",
                read_only=True,
            )
        )
    finally:
        client.join()
        sys.setswitchinterval(interval)
        for number, handler in zip((signal.SIGTERM, signal.SIGINT), before, strict=True):
            signal.signal(number, handler)
    assert (seen["ready"], seen["live"]) == (200, 200)
    assert "fluoropose_ready 1.0" in seen["metrics"]
