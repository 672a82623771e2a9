"""The server that is attacked: where it is, what opens a session there, how to reach it without a client library."""

import json
import socket
import struct
from dataclasses import dataclass, field
from pathlib import Path

import httpx


@dataclass(frozen=True)
class Target:
    http: str
    grpc: str
    pid: int
    opening: dict
    pixels: bytes
    token: str = ""
    keys: Path | None = None
    headers: dict = field(default_factory=dict)

    @property
    def port(self):
        return int(self.http.rsplit(":", 1)[1])

    def client(self, **fields):
        return httpx.Client(base_url=self.http, headers=self.headers, timeout=20.0, verify=False, **fields)

    def open_session(self):
        with self.client() as client:
            answer = client.post("/v1/sessions", json=self.opening)
            assert answer.status_code == 201, answer.text
            return answer.json()["session"]

    def connect(self):
        """Return a plain socket to the HTTP port."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def head(self, method, path, *lines):
        """Return a request's head as bytes."""
        own = [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", *own, *lines, "", ""]).encode()

    def handshaken(self, session=None, *lines):
        """Return a plain socket after a WebSocket handshake."""
        plain = self.connect()
        upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
        upgrade += ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: fluoropose.v1+json")
        plain.sendall(self.head("GET", f"/v1/sessions/{session or self.open_session()}/stream", *upgrade, *lines))
        answer = plain.recv(4096)
        if b" 101 " not in answer:
            plain.close()
            raise AssertionError(f"expected a handshake, got {answer[:200]}")
        return plain


def frame(payload=b"", opcode=2, fin=True, announced=None):
    """Return a client's WebSocket frame; `announced` bytes may be more than come."""
    length = len(payload) if announced is None else announced
    head = bytes([opcode | (0x80 if fin else 0)])
    if length < 126:
        head += bytes([0x80 | length])
    else:
        head += struct.pack(">BQ", 0x80 | 127, length)
    return head + b"\0" * 4 + payload


def close_code(plain):
    """Return the code with which the server closes a WebSocket, None if it closes without; messages before are read."""
    data = b""
    while True:
        at, code = 0, None
        while code is None and at + 2 <= len(data):
            opcode, length, begin = data[at] & 0x0F, data[at + 1], at + 2
            if length == 126:
                length, begin = int.from_bytes(data[begin : begin + 2], "big"), begin + 2
            elif length == 127:
                length, begin = int.from_bytes(data[begin : begin + 8], "big"), begin + 8
            if begin + length > len(data):
                break
            code = int.from_bytes(data[begin : begin + 2], "big") if opcode == 8 else None
            at = begin + length
        if code is not None:
            return code
        try:
            more = plain.recv(65536)
        except OSError:
            return None
        if not more:
            return None
        data = data[at:] + more


def status_of(answer):
    """Return the status of a raw HTTP answer, 0 for none."""
    return int(answer.split(b" ")[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def flood(plain, data, most_bytes):
    """Send the same bytes again and again until the other end has had enough; tell whether it closed."""
    plain.settimeout(5.0)
    sent = 0
    try:
        while sent < most_bytes:
            sent += plain.send(data)
    except OSError:
        return True
    return False


def packed(pixels, **meta):
    header = json.dumps(meta).encode()
    return len(header).to_bytes(4, "little") + header + pixels
