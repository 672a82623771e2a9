"""Attacks by connections: floods of small frames, silence, bodies that never end."""

import select
import time
from contextlib import ExitStack

import httpx

from support.attacks.runner import Attack
from support.attacks.target import close_code, flood, frame, status_of


def _flooded(target, data, most_bytes):
    with target.handshaken() as plain:
        flood(plain, data, most_bytes)
        return f"close {close_code(plain)}"


def empty_fragments(target):
    first = frame(b"x", fin=False)
    with target.handshaken() as plain:
        plain.sendall(first)
        flood(plain, frame(b"", 0, fin=False) * 10_000, 12_000_000)
        return f"close {close_code(plain)}"


def ping_flood(target):
    return _flooded(target, frame(b"", 9) * 10_000, 12_000_000)


def message_flood(target):
    return _flooded(target, frame(b"{}", 1) * 10_000, 12_000_000)


def _livez(target):
    return f"{httpx.get(f'{target.http}/livez', timeout=10).status_code} livez"


def idle_sockets(target):
    with ExitStack() as stack:
        for _ in range(1100):
            stack.enter_context(target.connect())
        return _livez(target)


def unfinished_heads(target):
    """Heads of requests that never end: of the first the answer is awaited."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(target.connect()) for _ in range(200)]
        for plain in sockets:
            plain.sendall(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        alive = _livez(target)
        sockets[0].settimeout(20)
        return {alive, f"{status_of(sockets[0].recv(4096))} request-timeout"}


def unfinished_bodies(target):
    """Thirty bodies of which all but the last byte come."""
    with ExitStack() as stack:
        sockets, seen = [], set()
        block = b"\0" * 2**20
        head = target.head(
            "POST", "/v1/register", "Content-Type: application/json", f"Content-Length: {60 * 2**20 + 1}"
        )
        for _ in range(30):
            plain = stack.enter_context(target.connect())
            plain.sendall(head)
            plain.setblocking(False)
            sockets.append(plain)
        left, began = dict.fromkeys(sockets, 60), time.monotonic()
        while left and time.monotonic() - began < 30:
            readable, writable, _ = select.select(list(left), list(left), [], 0.2)
            for plain in readable:
                seen.add(_refusal(plain))
                left.pop(plain)
            for plain in set(writable) & set(left):
                try:
                    plain.send(block)
                except OSError:
                    continue
                left[plain] -= 1
                if left[plain] <= 0:
                    left.pop(plain)
        return seen | {_livez(target)}


def _refusal(plain):
    try:
        return {503: "503 overloaded", 408: "408 request-timeout"}.get(status_of(plain.recv(4096)), "closed")
    except OSError:
        return "closed"


def unfinished_messages(target):
    """Ten streams, each with a message of 60 MiB of which all but the last byte come."""
    with ExitStack() as stack:
        seen = set()
        for _ in range(10):
            plain = stack.enter_context(target.handshaken())
            plain.settimeout(2.0)
            try:
                plain.sendall(frame(b"", announced=60 * 2**20))
                for _ in range(59):
                    plain.sendall(b"\0" * 2**20)
            except OSError:
                seen.add(f"close {close_code(plain)}")
        return (seen or {"not refused"}) | {_livez(target)}


ATTACKS = [
    Attack(5, "empty fragments", "12 MB of empty WebSocket fragments", ("close 1008",), empty_fragments),
    Attack(5, "ping flood", "12 MB of WebSocket pings", ("close 1008",), ping_flood),
    Attack(5, "message flood", "12 MB of small WebSocket messages", ("close 1008",), message_flood),
    Attack(8, "idle sockets", "1,100 connections that say nothing", ("200 livez",), idle_sockets),
    Attack(
        8, "unfinished heads", "200 requests whose head never ends", ("200 livez", "408 request-timeout"),
        unfinished_heads,
    ),
    Attack(
        8, "unfinished bodies", "30 bodies of 60 MiB that never end",
        ("200 livez", "503 overloaded", "408 request-timeout", "closed"), unfinished_bodies,
    ),
    Attack(
        8, "unfinished messages", "10 WebSocket messages of 60 MiB that never end",
        ("200 livez", "close 1013", "close 1008", "close None"), unfinished_messages,
    ),
]  # fmt: skip
