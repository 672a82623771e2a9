"""Unfinished gRPC messages are counted by connection, and connections that hold too much of them end."""

import asyncio
import socket
import sys
from contextlib import suppress

import grpc
import pytest

from fluoropose.transports.grpc import fluoropose_pb2 as pb
from fluoropose.transports.grpc.fluoropose_pb2_grpc import RegistrationStub
from fluoropose.transports.grpc.unfinished import UnfinishedLimits, UnfinishedMessages, connections_of, peer_address
from support.rpc import rpc_server

A, B = ("10.0.0.1", 1), ("10.0.0.2", 2)
LIMITS = UnfinishedLimits(total_bytes=1000, connection_bytes=600, share=1.0, per_message=0, per_call=0)
linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's counts are Linux's")


def test_peers_are_read_as_grpc_writes_them():
    assert peer_address("ipv4:127.0.0.1:5000") == ("127.0.0.1", 5000)
    assert peer_address("ipv6:%5B::1%5D:5000") == ("::1", 5000)
    assert peer_address("unix:") == ("", 0)


@pytest.mark.parametrize(
    ("received", "ended"),
    [({A: 600, B: 400}, []), ({A: 601, B: 0}, [A]), ({A: 500, B: 501}, [B]), ({A: 700, B: 800}, [B, A])],
)
def test_a_connection_ends_beyond_its_limit_and_the_largest_beyond_that_of_all(received, ended):
    assert list(UnfinishedMessages(LIMITS).judge({A: 0.0, B: 0.0}, received)) == ended


def test_what_was_delivered_is_not_unfinished():
    counted = UnfinishedMessages(LIMITS)
    counted.begin("ipv4:10.0.0.1:1")
    counted.deliver("ipv4:10.0.0.1:1", 5000)
    assert counted.judge({A: 5000.0}, {A: 5600}) == {}
    assert counted.judge({A: 5000.0}, {A: 5601}) == {A: 601.0}


def test_overhead_that_did_not_come_is_no_credit():
    counted = UnfinishedMessages(LIMITS)
    counted.deliver("ipv4:10.0.0.1:1", 5000)
    counted.judge({A: 5000.0}, {A: 100})
    counted.deliver("ipv4:10.0.0.1:1", 50)
    assert counted.judge({A: 150.0}, {A: 751}) == {A: 601.0}


@linux
def test_the_kernel_counts_what_comes():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = listening.accept()
            with accepted:
                client.sendall(b"x" * 12_345)
                accepted.recv(1)
                assert dict(connections_of(port)) == {client.getsockname(): 12_345}


async def stalling(port, most):
    """Return the port of a relay that lets so many bytes through to a port, then none, and a function that ends it."""

    async def carry(reader, writer, left):
        with suppress(ConnectionError):
            while left > 0 and (data := await reader.read(min(left, 2**16))):
                writer.write(data)
                await writer.drain()
                left -= len(data)
            if left <= 0:
                await asyncio.sleep(60.0)

    async def relay(reader, writer):
        there, to = await asyncio.open_connection("127.0.0.1", port)
        forth = asyncio.create_task(carry(reader, to, most))
        await carry(there, writer, 2**60)
        ended.set()
        forth.cancel()
        to.close()
        writer.close()

    ended = asyncio.Event()
    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    return server, ended


@linux
def test_half_messages_end_their_connection_and_no_other(started, opening):
    from fluoropose.client.grpc_channel import settings_message

    hello = pb.ClientMessage(hello=pb.Hello(settings=settings_message(opening)))
    large = pb.ClientMessage(frame=pb.Frame(data=bytes(60 * 2**20)))

    async def run():
        async with rpc_server(started) as (address, _, _):
            relay, ended = await stalling(int(address.rpartition(":")[2]), 110 * 2**20)
            bad = grpc.aio.insecure_channel(f"127.0.0.1:{relay.sockets[0].getsockname()[1]}")
            async with grpc.aio.insecure_channel(address) as good, bad:
                calls = []
                for _ in range(3):
                    calls.append(RegistrationStub(bad).Track())
                    await calls[-1].write(hello)
                honest = RegistrationStub(good).Track()
                await honest.write(hello)
                writing = [asyncio.create_task(call.write(large)) for call in calls]
                await asyncio.wait_for(ended.wait(), 30.0)
                await honest.write(pb.ClientMessage(ping=pb.Ping(client_time=1.0)))
                kinds = [(await honest.read()).WhichOneof("message") for _ in range(2)]
                await asyncio.gather(*writing, return_exceptions=True)
                honest.cancel()
            relay.close()
            return kinds

    assert asyncio.run(run()) == ["welcome", "pong"]
