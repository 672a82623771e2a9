"""A service that answers as told and registers nothing: the HTTP side of the API, for tests of the client."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import numpy as np

from fluoropose.io.frames import npy_bytes

SEEN = np.diag([1.0, -1.0, -1.0, 1.0]).tolist()
"""The pose in every result."""


class FakeService:
    """Sessions s1, s2, ... that answer each frame.

    `gone` names sessions that are lost. The next `busy` openings are refused for now, and all of them for good once the
    case is `deleted`. `refusal`, a status and a code, is what frames are answered instead of a pose.
    """

    def __init__(self):
        self.requests = []
        self.opened = []
        self.gone = set()
        self.busy = 0
        self.deleted = False
        self.refusal = None

    def answer(self, method, path, headers, body):
        """Return the status, the media type and the bytes of an answer."""
        self.requests.append((method, path))
        parts = path.strip("/").split("/")
        if path == "/v1/cases":
            return self._json(200, [{"name": "knee"}])
        if path == "/v1/render":
            return self._render(json.loads(body))
        if path == "/v1/sessions":
            return self._open(json.loads(body))
        if parts[2] in self.gone:
            return self._problem(404, "unknown-session")
        if method == "POST":
            return self._register(json.loads(headers["X-Frame-Meta"]))
        return self._json(200, {})

    def respond(self, request):
        """Answer a request of httpx."""
        status, kind, body = self.answer(request.method, request.url.path, request.headers, request.content)
        return httpx.Response(status, headers={"Content-Type": kind}, content=body)

    @contextmanager
    def listen(self):
        """Serve on loopback; yield the address."""
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, kind, answer = service.answer(self.command, self.path, self.headers, body)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PATCH = do_DELETE = do_any  # noqa: N815

            def log_message(self, *ignored):
                """Log nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _open(self, body):
        if self.busy:
            self.busy -= 1
            return self._problem(503, "overloaded")
        if self.deleted or body.get("case") == "none":
            return self._problem(404, "unknown-case")
        self.opened.append(body)
        return self._json(201, {"session": f"s{len(self.opened)}"})

    def _register(self, meta):
        if self.refusal is not None:
            return self._problem(*self.refusal)
        seen = {"case": "knee", "status": "TRACKING", "world_from_volume": SEEN}
        return self._json(200, {"seq": meta["seq"], "camera": meta.get("camera", "camera"), **seen})

    def _render(self, body):
        if body["case"] == "none":
            return self._problem(404, "unknown-case")
        return 200, "application/x-npy", npy_bytes(np.ones((body["camera"]["rows"], 3), np.float32))

    @staticmethod
    def _json(status, value):
        return status, "application/json", json.dumps(value).encode()

    def _problem(self, status, code):
        return self._json(status, {"title": "refused", "detail": "as told", "code": code})
