"""Waiting for a server: whenever its start ends, what became ready is found, and what did not is said at once."""

import socket

import httpx
import pytest

from fluoropose.errors import DeviceError
from fluoropose.evaluation import server_process as process


class _Process:
    returncode = None

    def poll(self) -> None:
        return None


def _server(monkeypatch: pytest.MonkeyPatch, start_ends_after: int, ready: bool) -> None:
    """Answer like a server whose start ends between the requests number `start_ends_after` and the next."""
    count, client = 0, httpx.Client

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        started = count > start_ends_after
        return httpx.Response(200 if started and (ready or request.url.path == "/startupz") else 503, text="state")

    monkeypatch.setattr(
        process.httpx, "Client", lambda **options: client(transport=httpx.MockTransport(answer), **options)
    )
    monkeypatch.setattr(process.time, "sleep", lambda seconds: None)


@pytest.mark.parametrize("start_ends_after", range(6))
def test_a_start_that_ends_between_two_questions_is_no_failure(monkeypatch, start_ends_after):
    _server(monkeypatch, start_ends_after, ready=True)
    process.wait_until_ready(_Process(), "http://server")


@pytest.mark.parametrize("start_ends_after", range(6))
def test_a_server_that_started_without_a_case_is_refused_at_once(monkeypatch, start_ends_after):
    _server(monkeypatch, start_ends_after, ready=False)
    with pytest.raises(DeviceError, match="expected a ready server"):
        process.wait_until_ready(_Process(), "http://server")


def test_free_ports_are_free_apart_and_none_that_connections_are_given():
    found = process.free_ports(5)
    assert len(set(found)) == 5
    for port in found:
        assert 20_000 <= port < 30_000
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))


def test_ports_that_are_all_taken_are_said():
    with socket.socket() as taken:
        taken.bind(("", 0))
        port = taken.getsockname()[1]
        with pytest.raises(DeviceError, match=f"expected 1 free ports from {port} to {port}, got 0"):
            process.free_ports(1, range(port, port + 1))
