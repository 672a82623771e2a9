"""Attacks at the doors of a server with keys: without a key, in silence, with a key that was removed."""

import json
import time
from contextlib import ExitStack

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from fluoropose.serving.api_keys import add_key, remove_key
from fluoropose.transports.grpc import fluoropose_pb2 as pb
from fluoropose.transports.grpc.fluoropose_pb2_grpc import RegistrationStub
from support.attacks.runner import Attack
from support.attacks.target import Target, close_code

LONG = [("grpc.use_local_subchannel_pool", 1)]


def _keyed_call(target):
    """Say how a client with a key is served meanwhile."""
    with grpc.insecure_channel(target.grpc, options=LONG) as channel:
        try:
            metadata = (("authorization", f"Bearer {target.token}"),)
            RegistrationStub(channel).CloseSession(
                pb.CloseSessionRequest(session="none"), metadata=metadata, timeout=10
            )
        except grpc.RpcError as error:
            return "keyed served" if error.code() is grpc.StatusCode.NOT_FOUND else f"keyed {error.code().name}"
    return "keyed served"


def watchers(target):
    with ExitStack() as stack:
        seen, calls = set(), []
        for _ in range(7):
            channel = stack.enter_context(grpc.insecure_channel(target.grpc, options=LONG))
            stub = health_pb2_grpc.HealthStub(channel)
            calls += [stub.Watch(health_pb2.HealthCheckRequest()) for _ in range(100)]
        time.sleep(0.5)
        seen.add(_keyed_call(target))
        for call in calls[-50:]:
            try:
                next(call)
            except grpc.RpcError as error:
                seen.add(error.code().name)
        for call in calls:
            call.cancel()
        return seen


def silent_streams(target):
    with ExitStack() as stack:
        metadata, calls = (("authorization", f"Bearer {target.token}"),), []
        for _ in range(4):
            channel = stack.enter_context(grpc.insecure_channel(target.grpc, options=LONG))
            calls += [RegistrationStub(channel).Track(_silence(), metadata=metadata) for _ in range(128)]
        time.sleep(1.0)
        served = _keyed_call(target)
        for call in calls:
            call.cancel()
        return served


def _silence():
    time.sleep(3.0)
    yield from ()


def reflection_without_a_key(target):
    with grpc.insecure_channel(target.grpc, options=LONG) as channel:
        ask = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
        try:
            next(reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(ask))
        except grpc.RpcError as error:
            return error.code().name
    return "answered"


def removed_key(target):
    """A stream whose key is removed while it runs ends within a second."""
    name = f"guest-{time.monotonic_ns()}"[-24:]
    token = add_key(target.keys, name, ["infer"])
    time.sleep(1.1)
    headers = {"Authorization": f"Bearer {token}"}
    guest = Target(target.http, target.grpc, target.pid, target.opening, target.pixels, token, target.keys, headers)
    with guest.handshaken() as plain:
        remove_key(target.keys, name)
        began = time.monotonic()
        plain.settimeout(5.0)
        code = close_code(plain)
        late = time.monotonic() - began
    return f"close {code}" if late < 2.0 else f"close {code} after {late:.1f} s"


def keyless_requests(target):
    guest = Target(target.http, target.grpc, target.pid, target.opening, target.pixels)
    with guest.client() as client:
        answers = [client.get("/v1/cases"), client.get("/openapi.json"), client.get("/metrics")]
        answers.append(
            client.post("/v1/register", content=json.dumps({}), headers={"Content-Type": "application/json"})
        )
    return {f"{answer.status_code} {answer.json()['code']}" for answer in answers}


ATTACKS = [
    Attack(
        7, "watchers", "700 calls of Health.Watch without a key", ("RESOURCE_EXHAUSTED", "keyed served"), watchers, True
    ),
    Attack(7, "silent streams", "512 gRPC streams that say nothing", ("keyed served",), silent_streams, True),
    Attack(7, "reflection", "gRPC reflection without a key", ("UNAUTHENTICATED",), reflection_without_a_key, True),
    Attack(7, "removed key", "a stream whose key is removed", ("close 4401",), removed_key, True),
    Attack(7, "no key", "requests without a key", ("401 unauthenticated",), keyless_requests, True),
]
