"""A gRPC service that answers as told and registers nothing, and results as it sends them."""

from contextlib import asynccontextmanager

import grpc
import numpy as np

from fluoropose.transports.grpc import fluoropose_pb2 as pb
from fluoropose.transports.grpc.fluoropose_pb2_grpc import RegistrationServicer, add_RegistrationServicer_to_server

POSE = np.diag([1.0, -1.0, -1.0, 1.0]).tolist()

FLAT = [number for row in POSE for number in row]


class FakeServicer(RegistrationServicer):
    """A service that answers as told and keeps the metadata of its calls."""

    def __init__(self):
        self.keys = []

    async def OpenSession(self, request, context):  # noqa: N802
        self.keys.append(dict(context.invocation_metadata()).get("authorization"))
        if request.settings.case == "none":
            await context.abort(grpc.StatusCode.NOT_FOUND, "unknown-case: expected another")
        return pb.OpenSessionResponse(session="abc")

    async def CloseSession(self, request, context):  # noqa: N802
        return pb.CloseSessionResponse()

    async def Register(self, request, context):  # noqa: N802
        return pb.Result(seq=request.frame.seq, views=[view.name for view in request.views], **found_fields())

    async def Track(self, messages, context):  # noqa: N802
        async for message in messages:
            if message.HasField("hello"):
                yield pb.ServerMessage(welcome=pb.Welcome(session=message.hello.session))
            elif message.HasField("ping"):
                yield pb.ServerMessage(pong=pb.Pong(client_time=message.ping.client_time))
            elif message.HasField("frame"):
                yield pb.ServerMessage(result=pb.Result(seq=message.frame.seq, **found_fields()))
            else:
                await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "conflict: as told")


def found_fields(**more):
    estimate = pb.ErrorEstimate(in_plane_mm=0.5, depth_mm=3.0, rotation_deg=1.0)
    return {
        "case": "x", "model": "m", "status": pb.TRACKING, "confidence": 0.5,
        "camera_from_volume": FLAT, "world_from_volume": FLAT, "error_estimate": estimate, **more,
    }  # fmt: skip


@asynccontextmanager
async def serve_fake_grpc():
    """Serve on loopback; yield the service and its address."""
    server, servicer = grpc.aio.server(), FakeServicer()
    add_RegistrationServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield servicer, f"127.0.0.1:{port}"
    finally:
        await server.stop(None)
