"""Connections over real sockets: places, and times for heads, bodies, silence and answers that nobody reads."""

import json
import socket
import time
from contextlib import suppress

import pytest

from fluoropose.transports.connection_book import ConnectionLimits
from support.small_server import small_server

QUICK = ConnectionLimits(total=3, header_s=0.3, stall_s=0.3, body_s=1.0, idle_s=0.3, unread_s=0.3, sweep_s=0.05)


@pytest.fixture(scope="module")
def port():
    with small_server(QUICK) as (port, _):
        yield port


def connect(port, data=b""):
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    plain.sendall(data)
    return plain


def read_all(plain):
    data = b""
    with plain:
        while chunk := plain.recv(65536):
            data += chunk
    return data


def problem(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    return int(head.split(b" ")[1]), json.loads(body)["code"]


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123"]
)
def test_an_unfinished_request_is_told_so(port, data):
    assert problem(read_all(connect(port, data))) == (408, "request-timeout")


def test_bytes_one_by_one_do_not_make_a_head_last(port):
    with connect(port, b"GET / HTTP/1.1\r\n") as plain:
        began = time.monotonic()
        while time.monotonic() - began < 5.0:
            try:
                plain.sendall(b"X")
            except OSError:
                break
            time.sleep(0.05)
        assert time.monotonic() - began < 3.0


def test_silence_ends_and_so_does_an_answer_that_nobody_reads(port):
    assert read_all(connect(port)) == b""
    with connect(port, b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n") as plain:
        time.sleep(1.0)
        count = 0
        with suppress(ConnectionResetError):
            while chunk := plain.recv(2**20):
                count += len(chunk)
    assert count < 40_000_000


def test_an_honest_request_is_answered_again_and_again(port):
    request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345"
    with connect(port) as plain:
        for _ in range(3):
            plain.sendall(request)
            answer = b""
            while not answer.endswith(b"\r\n\r\n5"):
                answer += plain.recv(4096)


def test_a_newcomer_takes_the_place_of_one_that_is_idle_or_is_refused():
    with small_server(ConnectionLimits(total=3)) as (port, book):
        idle = [connect(port) for _ in range(3)]
        with connect(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") as plain:
            assert b"200" in plain.recv(4096)
        for plain in idle:
            plain.close()
        half = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n1"
        busy = [connect(port, half) for _ in range(3)]
        time.sleep(0.2)
        assert problem(read_all(connect(port))) == (503, "overloaded")
        assert book.refused == 1
        for plain in busy:
            plain.close()
