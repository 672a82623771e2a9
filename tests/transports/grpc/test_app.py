"""The gRPC server: health, reflection, TLS, a port that is taken."""

import asyncio

import grpc
import pytest
import trustme
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from fluoropose.client.grpc_channel import RpcCallError, RpcChannel
from fluoropose.errors import DeviceError
from fluoropose.transports.grpc.app import SERVICE, RpcServer, RpcTls
from support.rpc import rpc_server


def test_health_and_reflection(started):
    async def run():
        async with rpc_server(started) as (address, server, _), grpc.aio.insecure_channel(address) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            for name in ("", SERVICE):
                answer = await health.Check(health_pb2.HealthCheckRequest(service=name))
                assert answer.status == health_pb2.HealthCheckResponse.SERVING
            await server.set_serving(False)
            answer = await health.Check(health_pb2.HealthCheckRequest(service=SERVICE))
            assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING
            asking = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(
                iter([reflection_pb2.ServerReflectionRequest(list_services="")])
            )
            names = [item.name for item in (await asking.read()).list_services_response.service]
            assert {SERVICE, "grpc.health.v1.Health"} <= set(names)

    asyncio.run(run())


@pytest.fixture
def certificates(tmp_path):
    authority = trustme.CA()
    server, client = authority.issue_cert("localhost"), authority.issue_cert("console@localhost")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    for name, issued in (("server", server), ("client", client)):
        issued.private_key_pem.write_to_path(tmp_path / f"{name}.key")
        issued.cert_chain_pems[0].write_to_path(tmp_path / f"{name}.pem")
    return tmp_path


def test_tls_with_and_without_clients_certificates(started, certificates, opening):
    async def tried(address, authority, pair):
        channel = RpcChannel(address, None, authority, pair)
        try:
            return await asyncio.wait_for(channel.open_session(opening), 10)
        finally:
            await channel.close()

    async def run():
        authority, pair = certificates / "ca.pem", (certificates / "client.pem", certificates / "client.key")
        open_tls = RpcTls(certificates / "server.key", certificates / "server.pem")
        async with rpc_server(started, tls=open_tls) as (address, _, _):
            assert await tried(address, authority, None)
            with pytest.raises(RpcCallError):
                await tried(address, None, None)
        closed_tls = RpcTls(certificates / "server.key", certificates / "server.pem", authority)
        async with rpc_server(started, tls=closed_tls) as (address, _, _):
            assert await tried(address, authority, pair)
            with pytest.raises(RpcCallError):
                await tried(address, authority, None)

    asyncio.run(run())


def test_a_port_that_is_taken_is_named(started):
    async def run():
        async with rpc_server(started) as (address, _, parts):
            second = RpcServer(parts)
            with pytest.raises(DeviceError, match="expected a free port"):
                await second.start("127.0.0.1", int(address.rsplit(":", 1)[1]))

    asyncio.run(run())
