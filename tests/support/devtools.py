"""Chromium driven by its own protocol, and told of nothing else: what is measured of a page is what a user has.

Playwright listens to the network, so that each message of a WebSocket passes through it once more, base64 encoded: at
30 frames of half a megabyte per second this takes a quarter of a core.
"""

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from support.browsers import BROWSER_OPTIONS, browser_path

__all__ = ["DevtoolsPage", "devtools_page"]

_OPTIONS = ["--headless", "--remote-debugging-port=0", "--no-first-run", "--disable-extensions", "--hide-scrollbars"]
_START_SECONDS = 60.0


class DevtoolsPage:
    """One page of a browser: carries commands out, evaluates expressions."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._count = socket, 0
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        size = {"width": 1280, "height": 720, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)

    def call(self, method: str, **parameters: Any) -> Any:
        """Return the answer to a command of the protocol; events are passed over."""
        self._count += 1
        session = getattr(self, "_session", None)
        command = {"id": self._count, "method": method, "params": parameters}
        self._socket.send(json.dumps(command if session is None else command | {"sessionId": session}))
        while (answer := json.loads(self._socket.recv(60))).get("id") != self._count:
            pass
        if "error" in answer:
            raise AssertionError(f"expected {method} to succeed, got {answer['error']}")
        return answer["result"]

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression in the page."""
        given = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in given:
            raise AssertionError(f"expected a value of {expression[:80]}, got {given['exceptionDetails']['text']}")
        return given["result"].get("value")

    def wait(self, expression: str, seconds: float = 60.0) -> None:
        """Wait until an expression is true."""
        deadline = time.monotonic() + seconds
        while not self.evaluate(expression):
            if time.monotonic() > deadline:
                raise AssertionError(f"expected {expression} within {seconds:g} s, got none")
            time.sleep(0.02)


@contextmanager
def devtools_page() -> Iterator[DevtoolsPage]:
    """Give an empty page of 1280 x 720 in a browser of its own, which ends with it."""
    with ExitStack() as ends:
        folder = Path(tempfile.mkdtemp())
        ends.callback(shutil.rmtree, folder, ignore_errors=True)
        command = [str(browser_path()), *BROWSER_OPTIONS, *_OPTIONS, f"--user-data-dir={folder}", "about:blank"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ends.callback(_end, process)
        port, path = _listening(folder / "DevToolsActivePort")
        socket = connect(f"ws://127.0.0.1:{port}{path}", max_size=None, compression=None)
        yield DevtoolsPage(ends.enter_context(socket))


def _listening(file: Path) -> tuple[str, str]:
    """Return the port and the path that a browser writes down once it listens."""
    deadline = time.monotonic() + _START_SECONDS
    while not (file.exists() and len(told := file.read_text().split("\n")) == 2):
        if time.monotonic() > deadline:
            raise AssertionError(f"expected {file.name} within {_START_SECONDS:g} s, got none")
        time.sleep(0.05)
    return told[0], told[1]


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
