"""Streams over real sockets: floods are closed, unfinished messages have a budget and a time."""

import gc
import time

import pytest
from websockets.streams import StreamReader

from fluoropose.transports.byte_budget import ByteBudget
from fluoropose.transports.connection_book import ConnectionLimits
from support.attacks.target import Target, close_code, flood, frame
from support.small_server import small_server

QUICK = ConnectionLimits(stall_s=0.3, sweep_s=0.05, streams_per_address=4)


@pytest.fixture
def small():
    budget = ByteBudget(1_000_000, 1_000_000)
    with small_server(QUICK, budget) as (port, book):
        yield Target(f"http://127.0.0.1:{port}", "", 0, {}, b""), book, budget


def test_an_honest_message_comes_through_in_fragments(small):
    target, _, budget = small
    with target.handshaken("any") as plain:
        plain.sendall(frame(b"x" * 300_000, fin=False) + frame(b"", 9) + frame(b"y" * 300_000, 0))
        data = b""
        while b"600000" not in data:
            data += plain.recv(4096)
        assert budget.held_bytes == 0


@pytest.mark.parametrize("part", [frame(b"", 0, fin=False), frame(b"", 9), frame(b"{}", 1)])
def test_floods_are_closed(small, part):
    target, _, _ = small
    with target.handshaken("any") as plain:
        plain.sendall(frame(b"x", fin=False) if part[0] == 0 else b"")
        assert flood(plain, part * 5000, 10_000_000)
        assert close_code(plain) in (1008, None)


def test_unfinished_messages_beyond_the_budget_are_closed_and_give_it_back(small):
    target, _, budget = small
    with target.handshaken("any") as first, target.handshaken("any") as second:
        first.sendall(frame(b"x" * 700_000, announced=2_000_000))
        time.sleep(0.1)
        second.sendall(frame(b"x" * 700_000, announced=2_000_000))
        assert close_code(second) == 1013
        assert close_code(first) == 1008
    deadline = time.monotonic() + 5
    while budget.held_bytes and time.monotonic() < deadline:
        time.sleep(0.02)
    assert budget.held_bytes == 0


def test_an_unfinished_message_goes_with_its_connection_and_not_with_the_next_collection(small):
    target, _, budget = small

    def held():
        return sum(len(one.buffer) for one in gc.get_objects() if type(one) is StreamReader)

    gc.disable()
    try:
        with target.handshaken("any") as plain:
            plain.sendall(frame(b"x" * 700_000, announced=900_000))
            deadline = time.monotonic() + 5
            while budget.held_bytes < 700_000 and time.monotonic() < deadline:
                time.sleep(0.01)
            assert held() >= 700_000
        while held() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert held() == 0
    finally:
        gc.enable()


def test_so_many_streams_of_an_address(small):
    target, _, _ = small
    streams = [target.handshaken("any") for _ in range(4)]
    with pytest.raises(AssertionError, match="503"):
        target.handshaken("any")
    for plain in streams:
        plain.close()
