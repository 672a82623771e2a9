"""The server: its event loop, how uvicorn serves, and one whole run from start to signal."""

import asyncio
import gc
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx
import pytest
import trustme
from uvicorn.server import ServerState

from fluoropose.evaluation.server_process import free_ports
from fluoropose.transports import server
from fluoropose.transports.connection_book import ConnectionBook
from fluoropose.transports.serve_plan import ServePlan


def test_uvloop_is_used_where_it_is_and_asyncio_where_it_is_not(monkeypatch):
    def base():
        loop = server.loop_factory()()
        loop.close()
        return type(loop).__mro__[1].__module__.partition(".")[0]

    assert base() == ("asyncio" if sys.platform == "win32" else "uvloop")
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert base() == "asyncio"


@pytest.fixture
def certified(tmp_path):
    """A plan with TLS."""
    issued = trustme.CA().issue_cert("localhost", "127.0.0.1")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    return ServePlan(tmp_path, tmp_path, port=0, tls_key=tmp_path / "key.pem", tls_chain=tmp_path / "cert.pem")


def test_a_handshake_that_does_not_end_is_ended_and_counted(certified):
    book = ConnectionBook()

    async def app(scope, receive, send):
        raise AssertionError("nothing was asked")

    config = server.http_config(certified, app, book)

    async def run():
        config.load()
        made = partial(config.http_protocol_class, config, server_state=ServerState(), app_state={})
        listening = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0, ssl=config.ssl)
        reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
        writer.write(b"\x16\x03\x01")
        await asyncio.sleep(0.05)
        began, opened = time.monotonic(), book.open_handshakes
        with suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 10.0) == b""
        writer.close()
        listening.close()
        return opened, time.monotonic() - began

    with asyncio.Runner(loop_factory=server.loop_factory(handshake_s=0.3)) as runner:
        opened, seconds = runner.run(run())
    gc.collect()
    assert seconds < 5.0
    assert (opened, book.open_handshakes, book.failed_handshakes, len(book)) == (1, 0, 1, 0)


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
