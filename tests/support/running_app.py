"""The application over real sockets, in a thread of this process: an HTTP client, and how to open WebSockets."""

import asyncio
import socket
import threading
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import uvicorn
from websockets.sync.client import connect

from fluoropose.transports.http.app import create_app
from fluoropose.transports.serve_plan import ServePlan
from fluoropose.transports.server import http_config

__all__ = ["running_app"]


@contextmanager
def running_app(parts, **fields):
    """Serve on a free loopback port; give a client, and what opens a WebSocket at a path."""
    ready, held = threading.Event(), []

    async def run():
        config = http_config(ServePlan(Path(), Path(), port=0), create_app(parts, **fields))
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        held.extend((server, server.servers[0].sockets[0].getsockname()[1]))
        ready.set()
        async with parts.run():
            await serving

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(20)
    server, port = held
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client, partial(_connect, f"ws://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join(20)


def _connect(address, path, **options):
    """Open a WebSocket whose socket holds little that was not read."""
    bare = socket.socket()
    bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    bare.connect(("127.0.0.1", int(address.rpartition(":")[2])))
    return connect(f"{address}{path}", sock=bare, max_size=None, compression=None, ping_interval=None, **options)
