"""`serve`: wire everything and run it in one process; and the bounded server process that the demo starts."""

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn

from fluoropose.api.bodies import MAX_BODY_BYTES
from fluoropose.api.http import create_app
from fluoropose.errors import DeviceError, InputError
from fluoropose.runtime.ort import open_device
from fluoropose.runtime.service import Service

__all__ = ["run_server", "server_process"]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_GRACE_SECONDS = 10
_START_SECONDS = 120.0


def run_server(
    cases: Path, models: Path, host: str, port: int, *, device: str, threads: int, behind_proxy: bool = False
) -> None:
    """Serve until SIGTERM or SIGINT: not ready first, then requests in flight end, then exit.

    Raises
    ------
    InputError
        If `host` is not loopback and nobody promised a proxy that guards it.
    """
    if host not in _LOOPBACK and not behind_proxy:
        raise InputError(
            f"expected a loopback address, got {host}: this server has no keys and no TLS of its own; put an "
            "authenticating TLS proxy in front and say --behind-proxy"
        )
    service = Service(open_device(device, threads), cases, models)
    print(f"device {service.device.label} {service.device.note}".strip(), flush=True)
    config = uvicorn.Config(
        create_app(service),
        host=host,
        port=port,
        loop="auto",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        # One message waits at most: a queue here would hold old frames in front of the newest. Pixels do not deflate.
        ws="auto",
        ws_max_queue=1,
        ws_max_size=MAX_BODY_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=5.0,
        ws_ping_timeout=10.0,
    )
    # uvicorn raises the signal again once it has shut down; by then everything is done, and that is a success.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    asyncio.run(_serve(_DrainingServer(config, service), service))


class _DrainingServer(uvicorn.Server):
    """Says "not ready" before it stops taking connections."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self.service = service

    def handle_exit(self, sig: int, frame: object) -> None:
        self.service.draining = True
        super().handle_exit(sig, frame)  # type: ignore[arg-type]


async def _serve(server: uvicorn.Server, service: Service) -> None:
    """Load the cases beside the running server, so that liveness answers from the start."""

    async def load() -> None:
        await asyncio.to_thread(service.start)
        gc.collect()
        gc.freeze()
        for record in service.records.values():
            print(f"case {record.name}: {record.state} ({record.detail})", flush=True)

    loading = asyncio.create_task(load())
    await server.serve()
    loading.cancel()


@contextmanager
def server_process(cases: Path, models: Path, threads: int, device: str) -> Iterator[str]:
    """Run `fluoropose serve` on a free loopback port; give its address when ready, end it by its own process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "fluoropose", "serve", "--cases", str(cases), "--models", str(models)]
    command += ["--port", str(port), "--threads", str(threads), "--device", device]
    process = subprocess.Popen(command, env={**os.environ, "ORT_DISABLE_TELEMETRY": "1"})
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_until_ready(process, address)
        yield address
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_GRACE_SECONDS + 5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    answer = "no answer"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DeviceError(f"expected a running server, got exit code {process.returncode}")
        try:
            # In this order: what is not ready after the start has ended never will be.
            ended = httpx.get(f"{address}/startupz", timeout=2.0).status_code == 200
            response = httpx.get(f"{address}/readyz", timeout=2.0)
            if response.status_code == 200:
                return
            answer = response.text[:300]
            if ended:
                break
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise DeviceError(f"expected a ready server within {_START_SECONDS:g} s, got: {answer}")
