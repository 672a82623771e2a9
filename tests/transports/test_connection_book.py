"""The book of connections: who makes room, who is ended, and who is let alone."""

import pytest

from fluoropose.transports.connection_book import ConnectionBook, ConnectionLimits, Waiting


class Connection:
    """A connection that waits as told."""

    def __init__(self, kind="", since_s=0.0, address="a", unread=0, is_stream=False):
        self.address, self.is_stream = address, is_stream
        self.told = Waiting(kind, since_s, since_s, unread)
        self.ended = []

    def waiting(self):
        return self.told

    def time_out(self, words):
        self.ended.append(words)

    def abort(self):
        self.ended.append("aborted")


def book(now_s=100.0, **limits):
    return ConnectionBook(ConnectionLimits(**limits), lambda: now_s)


def test_the_oldest_that_asks_for_nothing_makes_room():
    connections = book(total=3)
    busy, idle, newer = Connection(), Connection("request", 99.0), Connection("request", 99.0)
    for one in (busy, idle, newer):
        assert connections.admit(one)
    assert connections.admit(Connection())
    assert idle.ended == ["aborted"]
    assert not busy.ended + newer.ended
    assert len(connections) == 3


def test_where_all_are_busy_a_newcomer_is_refused_and_a_place_that_is_free_is_given():
    connections = book(total=2)
    busy = [Connection("body", 99.9), Connection(is_stream=True)]
    assert all(connections.admit(one) for one in busy)
    assert not connections.admit(Connection())
    assert connections.refused == 1
    connections.forget(busy[0])
    assert connections.admit(Connection())


def test_a_body_that_stands_still_makes_room():
    connections = book(total=1)
    still = Connection("body", 98.0)
    assert connections.admit(still)
    assert connections.admit(Connection())
    assert still.ended == ["aborted"]


def test_an_address_has_its_most_and_others_are_let_alone():
    connections = book(per_address=1)
    other = Connection("request", address="b")
    assert connections.admit(other)
    assert connections.admit(Connection())
    assert not connections.admit(Connection())
    assert other.ended == []


def test_streams_of_an_address_are_counted():
    connections = book(streams_per_address=1)
    assert connections.has_room_for_stream("a")
    connections.admit(Connection(is_stream=True))
    assert not connections.has_room_for_stream("a")
    assert connections.has_room_for_stream("b")


@pytest.mark.parametrize(
    ("kind", "since_s", "words"),
    [
        ("head", 89.0, "head unfinished"), ("head", 91.0, None), ("request", 69.0, "no request"),
        ("request", 71.0, None), ("body", 89.0, "no byte"), ("body", 91.0, None), ("volume", 89.0, "no byte"),
        ("", 0.0, None),
    ],
)  # fmt: skip
def test_what_takes_too_long_is_ended(kind, since_s, words):
    connections, one = book(), Connection(kind, since_s)
    connections.admit(one)
    connections.sweep()
    assert len(one.ended) == (words is not None)
    assert words is None or words in one.ended[0]


def test_answers_that_nobody_reads_are_ended_when_late_or_when_all_hold_too_much():
    connections = book(unread_bytes=100)
    late, large, small = (Connection("", since, unread=count) for since, count in ((70.0, 1), (99.0, 90), (99.0, 20)))
    for one in (late, large, small):
        connections.admit(one)
    connections.sweep()
    assert late.ended[0] == "its answer unread"
    assert large.ended == ["aborted"]
    assert small.ended == []


def test_handshakes_are_counted_while_they_are_open_and_when_they_fail():
    one, first, second = book(), Connection(), Connection()
    end, _ = one.begin_handshake(first), one.begin_handshake(second)
    assert (one.open_handshakes, one.failed_handshakes) == (2, 0)
    end()
    end()
    del first, second
    assert (one.open_handshakes, one.failed_handshakes) == (0, 1)
