"""A server of uvicorn with our protocols and a small application, in a thread of this process."""

import asyncio
import threading
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from fluoropose.transports.connection_book import ConnectionBook
from fluoropose.transports.serve_plan import ServePlan
from fluoropose.transports.server import http_config

__all__ = ["small_server"]


async def answer(scope, receive, send):
    """Read a request's body and say how long it was; echo a WebSocket's messages' lengths."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": str(len(message.get("bytes") or message.get("text") or ""))})
        return
    count, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        count, more = count + len(message.get("body", b"")), message.get("more_body", False)
    body = b"0" * 40_000_000 if scope["path"] == "/long" else str(count).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def small_server(limits, budget=None):
    """Serve on a free loopback port; give the port and the book of connections."""
    book, ready, loops = ConnectionBook(limits), threading.Event(), []

    async def run():
        config = http_config(ServePlan(Path(), Path(), port=0), answer, book, budget)
        server = uvicorn.Server(config)
        loops.append((asyncio.get_running_loop(), server))
        sweeping = asyncio.create_task(book.run())
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        loops.append(server.servers[0].sockets[0].getsockname()[1])
        ready.set()
        await serving
        sweeping.cancel()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield loops[1], book
    finally:
        loops[0][1].should_exit = True
        thread.join(20)
