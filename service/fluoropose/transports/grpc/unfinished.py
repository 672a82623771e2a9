"""How much of unfinished messages gRPC's library holds, by connection, and the end of connections that hold too much.

The library keeps a message until it is whole and tells nobody how much of it has come. The kernel counts what came
over each connection (TCP_INFO of Linux), and each call tells here what it was given: the rest is unfinished. On other
systems nothing is counted.
"""

import asyncio
import logging
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

__all__ = ["Address", "UnfinishedLimits", "UnfinishedMessages", "connections_of", "peer_address"]

_log = logging.getLogger("fluoropose.service")

Address = tuple[str, int]
"""A peer's host and port."""

_OPEN_FILES = Path("/proc/self/fd")
_BYTES_RECEIVED = 128
"""Where `tcpi_bytes_received`, 64 bits, lies in the kernel's `struct tcp_info` (include/uapi/linux/tcp.h)."""


@dataclass(frozen=True, slots=True)
class UnfinishedLimits:
    """Bytes that all connections, and one, may hold of unfinished messages; how often they are counted.

    Frames of HTTP/2 and records of TLS are no part of a message: a delivered message of n bytes may have come as
    n * `share` + `per_message` bytes. A new connection, and each call, bring `per_call` more.
    """

    total_bytes: int = 160 * 2**20
    connection_bytes: int = 96 * 2**20
    sweep_s: float = 0.1
    share: float = 1.005
    per_message: int = 256
    per_call: int = 16 * 2**10


@dataclass(slots=True, eq=False)
class UnfinishedMessages:
    """What was delivered over each connection, in bytes, beside what came over it."""

    limits: UnfinishedLimits = UnfinishedLimits()
    ended: int = 0
    _delivered: dict[Address, float] = field(default_factory=dict)

    def begin(self, peer: str) -> None:
        """Note a call that begins."""
        self._add(peer, self.limits.per_call)

    def deliver(self, peer: str, size: int) -> None:
        """Note a message of `size` bytes that a call was given."""
        self._add(peer, self.limits.share * size + self.limits.per_message)

    async def run(self, port: int) -> None:
        """Count what comes to a port, and end connections that hold too much, until cancelled."""
        while _OPEN_FILES.is_dir():
            await asyncio.sleep(self.limits.sweep_s)
            delivered = dict(self._delivered)
            received = await asyncio.to_thread(lambda: dict(connections_of(port)))
            for address, count in self.judge(delivered, received).items():
                self.ended += 1
                fields = {"address": address[0], "bytes": int(count)}
                _log.warning("unfinished gRPC messages", extra={"fields": fields})
                _shut_down(port, address)

    def judge(self, delivered: Mapping[Address, float], received: Mapping[Address, int]) -> dict[Address, float]:
        """Return the connections that hold too much, those that hold the most first, with how much it is.

        `delivered` is what had been delivered before what was `received` was counted.
        """
        held: dict[Address, float] = {}
        for address, came in received.items():
            given = delivered.get(address, float(self.limits.per_call))
            held[address] = max(0.0, came - given)
            # What a message may have brought beside itself, and did not, is no credit for later.
            self._delivered[address] = self._delivered.get(address, given) - max(0.0, given - came)
        for address in delivered.keys() - received.keys():
            self._delivered.pop(address, None)
        total = sum(held.values())
        ended: dict[Address, float] = {}
        for address, count in sorted(held.items(), key=lambda item: -item[1]):
            if count <= self.limits.connection_bytes and total <= self.limits.total_bytes:
                break
            ended[address] = count
            total -= count
        return ended

    def _add(self, peer: str, count: float) -> None:
        address = peer_address(peer)
        self._delivered[address] = self._delivered.get(address, float(self.limits.per_call)) + count


def peer_address(peer: str) -> Address:
    """Return the host and port of a peer as gRPC writes it (ipv4:host:port, ipv6:[host]:port)."""
    host, _, port = unquote(peer).partition(":")[2].rpartition(":")
    return host.strip("[]"), int(port) if port.isdigit() else 0


def connections_of(port: int) -> Iterator[tuple[Address, int]]:
    """Give the peer of each open TCP connection of this process to its own `port`, and the bytes that came from it."""
    for link, address in _sockets_of(port):
        with suppress(OSError):  # it may have closed meanwhile
            information = link.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
            if len(information) >= _BYTES_RECEIVED + 8:
                yield address, struct.unpack_from("=Q", information, _BYTES_RECEIVED)[0]


def _shut_down(port: int, wanted: Address) -> None:
    for link, address in _sockets_of(port):
        if address == wanted:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)


def _sockets_of(port: int) -> Iterator[tuple[socket.socket, Address]]:
    for path in list(_OPEN_FILES.iterdir()):
        with suppress(OSError):
            if not str(path.readlink()).startswith("socket:"):
                continue
            with _borrowed(int(path.name)) as link:
                if link.family in (socket.AF_INET, socket.AF_INET6) and link.type == socket.SOCK_STREAM:
                    host, own = link.getpeername()[:2], link.getsockname()[1]
                    if own == port:
                        yield link, (host[0].removeprefix("::ffff:"), host[1])


@contextmanager
def _borrowed(number: int) -> Iterator[socket.socket]:
    """Give the socket of a file's number, which stays its owner's."""
    link = socket.socket(fileno=number)
    try:
        yield link
    finally:
        link.detach()
