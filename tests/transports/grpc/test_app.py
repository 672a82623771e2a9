"""gRPC: health, reflection, keys, TLS, and messages that hold nonsense; the .proto is the source of the code."""

import asyncio
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import numpy as np
import pytest
import trustme
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

import fluoropose
from fluoropose.client.grpc_channel import RpcCallError, RpcChannel, settings_message
from fluoropose.errors import DeviceError, FluoroposeError
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.serving.api_keys import KeyRing, add_key
from fluoropose.serving.frame_broker import FrameBroker
from fluoropose.serving.service import Service
from fluoropose.serving.stream import StreamRegistry
from fluoropose.telemetry.metrics import Metrics
from fluoropose.transports.grpc import fluoropose_pb2 as pb
from fluoropose.transports.grpc.app import MAX_MESSAGE_BYTES, SERVICE, RpcServer, RpcTls
from fluoropose.transports.grpc.decode import camera_value, frame_value, pose_value, settings_value
from fluoropose.transports.http.schemas import camera_json

RECEIVED = ("fluoropose_frames_received_total", {"transport": "grpc"})


@pytest.fixture(scope="module")
def started(cases_root, models_root):
    service = Service(open_device("cpu", 1), cases_root, models_root)
    service.start()
    return service


@pytest.fixture
def opening(camera, pose):
    return {"case": "small", "camera": camera_json(camera), "initial_pose": pose.tolist()}


@asynccontextmanager
async def serving(service, keys=None, tls=None):
    streams = StreamRegistry(FrameBroker(service, Metrics()))
    server = RpcServer(streams, keys)
    port = await server.start("127.0.0.1", 0, tls)
    await server.set_serving(True)
    try:
        yield f"localhost:{port}", server, streams
    finally:
        await server.stop(0.0)
        streams.broker.close()


def test_the_committed_messages_are_those_of_the_proto(tmp_path):
    root = Path(fluoropose.__file__).parents[1]
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{root}", f"--python_out={tmp_path}"]
    command += [f"--pyi_out={tmp_path}", f"--grpc_python_out={tmp_path}", "fluoropose/transports/grpc/fluoropose.proto"]
    subprocess.run(command, check=True)
    made = sorted((tmp_path / "fluoropose" / "rpc").iterdir())
    assert len(made) == 3
    for path in made:
        assert path.read_bytes() == (root / "fluoropose" / "rpc" / path.name).read_bytes(), path.name


def test_health_and_reflection(started):
    async def run():
        async with serving(started) as (address, server, _), grpc.aio.insecure_channel(address) as channel:
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


def test_every_call_needs_a_key_that_allows_it(started, tmp_path, opening):
    path = tmp_path / "keys.json"
    good, weak = add_key(path, "console", ["infer"]), add_key(path, "scraper", ["metrics"])

    async def refused(address, key):
        channel = RpcChannel(address, key, None, None)
        codes = []
        calls = (
            lambda: channel.open_session(opening),
            lambda: channel.close_session("x"),
            lambda: channel.register(opening, {"data": b""}),
            lambda: channel.track("x"),
        )
        for call in calls:
            with pytest.raises(RpcCallError) as error:
                await call()
            codes.append(error.value.code)
        await channel.close()
        return codes

    async def run():
        async with serving(started, KeyRing(path)) as (address, _, streams):
            assert await refused(address, None) == ["unauthenticated"] * 4
            assert await refused(address, "fp_console_wrong") == ["unauthenticated"] * 4
            assert await refused(address, weak) == ["forbidden"] * 4
            channel = RpcChannel(address, good, None, None)
            session = await channel.open_session(opening)
            await channel.close_session(session)
            await channel.close()
            count = streams.broker.metrics.registry.get_sample_value
            assert count("fluoropose_auth_failures_total", {"reason": "missing"}) == 4

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
        async with serving(started, tls=open_tls) as (address, _, _):
            assert await tried(address, authority, None)
            with pytest.raises(RpcCallError):
                await tried(address, None, None)
        closed_tls = RpcTls(certificates / "server.key", certificates / "server.pem", authority)
        async with serving(started, tls=closed_tls) as (address, _, _):
            assert await tried(address, authority, pair)
            with pytest.raises(RpcCallError):
                await tried(address, authority, None)

    asyncio.run(run())


def test_a_stream_begins_with_hello(started, opening, frame):
    async def first(address, *messages):
        from fluoropose.transports.grpc.fluoropose_pb2_grpc import RegistrationStub

        async with grpc.aio.insecure_channel(address) as channel:
            call = RegistrationStub(channel).Track(iter(messages))
            try:
                return [message.WhichOneof("message") async for message in call]
            except grpc.aio.AioRpcError as error:
                return error.code().name

    async def run():
        async with serving(started) as (address, _, _):
            pixels = pb.ClientMessage(frame=pb.Frame(data=frame.astype("<u2").tobytes(), dtype="uint16"))
            hello = pb.ClientMessage(hello=pb.Hello(settings=settings_message(opening)))
            assert await first(address) == "INVALID_ARGUMENT"
            assert await first(address, pixels) == "INVALID_ARGUMENT"
            assert await first(address, pb.ClientMessage(hello=pb.Hello(session="nobody"))) == "NOT_FOUND"
            assert await first(address, pb.ClientMessage(hello=pb.Hello())) == "INVALID_ARGUMENT"
            assert await first(address, hello, pixels) == ["welcome", "result", "ended"]
            empty = pb.ClientMessage()
            assert await first(address, hello, empty, hello, pixels) == [
                "welcome", "problem", "problem", "result", "ended",
            ]  # fmt: skip

    asyncio.run(run())


def test_a_message_too_large_ends_its_call_before_it_is_read_and_no_other(started, opening, frame):
    from fluoropose.transports.grpc.fluoropose_pb2_grpc import RegistrationStub

    def pixels(data):
        return pb.ClientMessage(frame=pb.Frame(data=data, dtype="uint16"))

    async def run():
        hello = pb.ClientMessage(hello=pb.Hello(settings=settings_message(opening)))
        huge = pixels(b"\0" * (MAX_MESSAGE_BYTES + 1))
        async with (
            serving(started) as (address, _, streams),
            grpc.aio.insecure_channel(address, [("grpc.max_send_message_length", -1)]) as channel,
        ):
            other = RegistrationStub(channel).Track()
            await other.write(hello)
            assert (await other.read()).WhichOneof("message") == "welcome"
            with pytest.raises(grpc.aio.AioRpcError) as ended:
                async for _ in RegistrationStub(channel).Track(iter([hello, huge])):
                    pass
            assert ended.value.code().name == "RESOURCE_EXHAUSTED"
            assert streams.broker.metrics.registry.get_sample_value(*RECEIVED) == 0.0
            await other.write(pixels(frame.astype("<u2").tobytes()))
            assert (await other.read()).WhichOneof("message") == "result"
            assert streams.broker.metrics.registry.get_sample_value(*RECEIVED) == 1.0
            await other.done_writing()

    asyncio.run(run())


def test_a_port_that_is_taken_is_named(started):
    async def run():
        async with serving(started) as (address, _, streams):
            second = RpcServer(streams)
            with pytest.raises(DeviceError, match="expected a free port"):
                await second.start("127.0.0.1", int(address.rsplit(":", 1)[1]))

    asyncio.run(run())


GOOD = {"rows": 96, "columns": 128, "row_spacing_mm": 1.0, "column_spacing_mm": 1.0, "source_to_detector_mm": 1000.0}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "got 0 x 0"),
        ({"rows": 96, "columns": 128}, "got neither"),
        (GOOD | {"principal_point_px": [1.0]}, "got 1 numbers"),
        (GOOD | {"intrinsic_matrix": [1.0] * 9}, "nothing beside"),
        ({"rows": 96, "columns": 128, "intrinsic_matrix": [1.0] * 8}, "got 8"),
        (GOOD | {"row_spacing_mm": 0.0}, "spacing"),
        (GOOD | {"source_to_detector_mm": float("nan")}, "got nan"),
        (GOOD | {"rows": 10**6}, "1000000"),
    ],
)
def test_cameras_that_cannot_be_meant(fields, words):
    with pytest.raises(FluoroposeError, match=words):
        camera_value(pb.Camera(**fields))


def test_poses_settings_and_frames_that_cannot_be_meant():
    with pytest.raises(FluoroposeError, match="got 3"):
        pose_value([1.0, 2.0, 3.0], "initial_pose")
    with pytest.raises(FluoroposeError, match="rigid"):
        pose_value(np.diag([2.0, 1, 1, 1]).ravel().tolist(), "initial_pose")
    assert pose_value([], "initial_pose") is None
    good = pb.SessionSettings(case="a", camera=pb.Camera(**GOOD))
    assert settings_value(good).policy == "latest"
    for change in ({"max_frame_age_ms": -1.0}, {"pixel_meaning": 7}, {"policy": 9}):
        bad = pb.SessionSettings(**change)
        bad.MergeFrom(good)
        with pytest.raises(FluoroposeError, match="expected"):
            settings_value(bad)
    for change in ({"captured_at": float("inf")}, {"rows": 10**6}):
        with pytest.raises(FluoroposeError, match="expected"):
            frame_value(pb.Frame(**change))
