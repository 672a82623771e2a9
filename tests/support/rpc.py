"""A gRPC server on a free loopback port over the parts of a service."""

from contextlib import asynccontextmanager

from fluoropose.serving.wiring import wire_serving
from fluoropose.transports.grpc.app import RpcServer

__all__ = ["rpc_server"]


@asynccontextmanager
async def rpc_server(service, keys=None, tls=None):
    """Serve until the context ends; give the address, the server and the parts."""
    parts = wire_serving(service)
    server = RpcServer(parts, keys)
    port = await server.start("127.0.0.1", 0, tls)
    await server.set_serving(True)
    try:
        yield f"localhost:{port}", server, parts
    finally:
        await server.stop(0.0)
        parts.broker.close()
