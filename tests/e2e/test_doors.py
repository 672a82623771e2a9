"""The doors of a real process: TLS and keys over all three transports, scrapes on a port of their own."""

import json
import ssl
import subprocess
import sys
import time

import httpx
import pytest
import trustme

from fluoropose.client import Client, LinkLostError, ProblemError
from fluoropose.evaluation.server_process import free_ports, server_process
from fluoropose.transports.http.schemas import camera_json
from support.doors import guarded_by


@pytest.fixture(scope="module")
def secured(cases_root, models_root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("doors")
    options, authority, token = guarded_by(folder)
    (port,) = free_ports(1)
    extra = [*options, "--metrics-port", str(port), "--log-level", "warning"]
    with server_process(cases_root, models_root, 1, "cpu", extra, authority=authority) as server:
        yield server, authority, token, port


@pytest.mark.parametrize("transport", ["http", "ws", "grpc"])
def test_a_console_with_key_and_authority_is_served(secured, camera, pose, frame, transport):
    server, authority, token, _ = secured
    with Client(server.http, transport, grpc=server.grpc, key=token, authority=authority) as client:
        tracker = client.track("small", camera_json(camera), initial_pose=pose)
        assert [tracker.send(frame)["seq"] for _ in range(3)] == [0, 1, 2]
        tracker.close()


@pytest.fixture(scope="module")
def certified(cases_root, models_root, tmp_path_factory):
    """A server that wants a client's certificate, its authority, a certificate of it and one of another authority."""
    folder = tmp_path_factory.mktemp("certified")
    authority, other = trustme.CA(), trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    pairs = []
    for name, made in (("ours", authority), ("theirs", other)):
        console = made.issue_cert("console@localhost")
        console.private_key_pem.write_to_path(folder / f"{name}.key")
        console.cert_chain_pems[0].write_to_path(folder / f"{name}.pem")
        pairs.append((folder / f"{name}.pem", folder / f"{name}.key"))
    port, grpc_port = free_ports(2)
    words = ["--tls-key", folder / "key.pem", "--tls-cert", folder / "cert.pem", "--tls-client-ca", folder / "ca.pem"]
    command = [sys.executable, "-m", "fluoropose", "serve", "--cases", cases_root, "--models", models_root, *words]
    command += ["--read-only"]
    command += ["--port", port, "--grpc-port", grpc_port, "--log-level", "warning"]
    process = subprocess.Popen([str(word) for word in command])
    try:
        context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        context.load_cert_chain(*(str(path) for path in pairs[0]))
        wait_until_ready(f"https://localhost:{port}", context)
        yield f"https://localhost:{port}", f"localhost:{grpc_port}", folder / "ca.pem", pairs
    finally:
        process.terminate()
        process.wait(20)


def wait_until_ready(address, context):
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{address}/readyz", verify=context).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError("not ready in time")


@pytest.mark.parametrize("transport", ["http", "ws", "grpc"])
def test_where_clients_need_a_certificate_those_without_or_of_others_stay_out(
    certified, camera, pose, frame, transport
):
    address, grpc_address, authority, (ours, theirs) = certified
    with Client(address, transport, grpc=grpc_address, authority=authority, certificate=ours) as client:
        tracker = client.track("small", camera_json(camera), initial_pose=pose)
        assert tracker.send(frame)["seq"] == 0
        tracker.close()
    for pair in (None, theirs):
        with (
            Client(
                address, transport, grpc=grpc_address, authority=authority, certificate=pair, timeout_s=5.0
            ) as client,
            pytest.raises((LinkLostError, ProblemError)),
        ):
            client.track("small", camera_json(camera))


@pytest.mark.parametrize("transport", ["http", "ws", "grpc"])
def test_without_the_key_nobody_is(secured, camera, transport):
    server, authority, _, _ = secured
    with (
        Client(server.http, transport, grpc=server.grpc, key="fp_console_no", authority=authority) as client,
        pytest.raises(ProblemError) as refused,
    ):
        client.track("small", camera_json(camera))
    assert refused.value.code == "unauthenticated"


def test_a_client_does_not_talk_to_a_server_it_cannot_check(secured, camera):
    server, _, token, _ = secured
    with Client(server.http, "http", key=token) as client, pytest.raises(LinkLostError, match="certificate"):
        client.track("small", camera_json(camera))


def test_scrapes_have_a_loopback_port_of_their_own(secured):
    server, authority, token, port = secured
    assert "fluoropose_ready 1.0" in httpx.get(f"http://127.0.0.1:{port}/metrics").text
    context = ssl.create_default_context(cafile=str(authority))
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{server.http}/metrics", headers=headers, verify=context).json()["code"] == "forbidden"
    assert json.loads(httpx.get(f"{server.http}/readyz", verify=context).text)["status"] == "ok"
