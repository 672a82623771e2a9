"""The recipes of proxies, run with the real proxies where they are installed: three transports, one key, a volume."""

import re
import shutil
import ssl
import subprocess
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
import trustme

from fluoropose.client import Client
from fluoropose.evaluation.server_process import free_ports, server_process
from fluoropose.io.frames import npy_bytes
from fluoropose.serving.api_keys import add_key
from fluoropose.transports.http.schemas import camera_json

PROXY = Path(__file__).resolve().parents[2] / "deploy" / "proxy"
NAME = "fluoropose.example.org"


@pytest.fixture(scope="module")
def behind(cases_root, models_root, tmp_path_factory):
    """A server with keys as the recipes start it, certificates, and ports for the proxy."""
    folder = tmp_path_factory.mktemp("proxy")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", NAME)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    token = add_key(folder / "keys.json", "console", ["infer", "manage"])
    words = ["--keys", str(folder / "keys.json"), "--allow-host", NAME, "--log-level", "warning"]
    with server_process(cases_root, models_root, 1, "cpu", words) as server:
        yield server, folder, token


def placed(text, server, folder):
    """A recipe with this test's paths and the server's ports."""
    text = text.replace("/etc/fluoropose/", f"{folder}/")
    text = text.replace("127.0.0.1:8000", server.http.removeprefix("http://"))
    return text.replace("127.0.0.1:8001", server.grpc.replace("localhost", "127.0.0.1"))


def start(command, port, folder):
    with (folder / "proxy.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, (folder / "proxy.log").read_text()
        try:
            if httpx.get(f"https://localhost:{port}/livez", verify=context).status_code == 200:
                return process
        except httpx.HTTPError:
            time.sleep(0.1)
    process.terminate()
    raise AssertionError((folder / "proxy.log").read_text())


def carries_all(behind, port, grpc_port, camera, pose, frame):
    """Three transports through the proxy, what it must not cut, and what it must not show."""
    server, folder, token = behind
    for transport in ("http", "ws", "grpc"):
        with Client(
            f"https://localhost:{port}",
            transport,
            grpc=f"localhost:{grpc_port}",
            key=token,
            authority=folder / "ca.pem",
        ) as client:
            tracker = client.track("small", camera_json(camera), initial_pose=pose)
            assert [tracker.send(frame)["seq"] for _ in range(3)] == [0, 1, 2], transport
            tracker.close()
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    with httpx.Client(
        base_url=f"https://localhost:{port}", verify=context, headers={"Authorization": f"Bearer {token}"}, timeout=30
    ) as http:
        assert http.get("/metrics").status_code == 404
        session = http.post("/v1/sessions", json={"case": "small", "camera": camera_json(camera)}).json()["session"]
        large = npy_bytes(np.zeros((2000, 2000), np.uint16))
        answer = http.post(
            f"/v1/sessions/{session}/frames", content=large, headers={"Content-Type": "application/x-npy"}
        )
        assert answer.json()["code"] == "invalid-frame"
        refused = http.post("/v1/cases", data={"options": '{"name": "x"}'}, files={"volume": ("a.nii", large)})
        assert refused.status_code != 413


def test_nginx_carries_every_transport(behind, camera, pose, frame, tmp_path):
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not here")
    server, folder, _ = behind
    port, grpc_port = free_ports(2)
    recipe = placed((PROXY / "nginx.conf").read_text(), server, folder)
    recipe = re.sub(r"listen 443 ", f"listen 127.0.0.1:{port} ", recipe)
    recipe = re.sub(r"listen 8443 ", f"listen 127.0.0.1:{grpc_port} ", recipe)
    paths = "".join(
        f"{name}_temp_path {tmp_path}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = f"daemon off;\nmaster_process off;\npid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\n"
    (tmp_path / "nginx.conf").write_text(f"{text}http {{\naccess_log off;\n{paths}{recipe}\n}}\n")
    process = start(["nginx", "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)], port, folder)
    try:
        carries_all(behind, port, grpc_port, camera, pose, frame)
    finally:
        process.terminate()
        process.wait(20)


def test_caddy_carries_every_transport(behind, camera, pose, frame, tmp_path):
    if shutil.which("caddy") is None:
        pytest.skip("caddy is not here")
    server, folder, _ = behind
    (port,) = free_ports(1)
    recipe = placed((PROXY / "Caddyfile").read_text(), server, folder)
    recipe = recipe.replace(f"{NAME} {{", f"https://localhost:{port} {{\n\tbind 127.0.0.1")
    recipe = recipe.replace("\tadmin off\n", "\tadmin off\n\tauto_https disable_redirects\n", 1)
    (tmp_path / "Caddyfile").write_text(recipe)
    command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(tmp_path / "Caddyfile")]
    process = start(command, port, folder)
    try:
        carries_all(behind, port, port, camera, pose, frame)
    finally:
        process.terminate()
        process.wait(20)
