"""A service on loopback that a test makes up: it answers each request with a status and JSON."""

import http.server
import json
import threading
from contextlib import contextmanager

__all__ = ["serve_json"]


@contextmanager
def serve_json(answers):
    """Answer with what `answers` returns of (method, path, headers, body): a status and JSON; give the address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body = answers(self.command, self.path, self.headers, sent)
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
