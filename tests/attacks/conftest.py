import numpy as np
import pytest

from fluoropose.evaluation.server_process import server_process
from fluoropose.serving.api_keys import add_key
from fluoropose.transports.http.schemas import camera_json
from support.attacks.target import Target


@pytest.fixture
def opening(camera, pose):
    return {"case": "small", "camera": camera_json(camera), "initial_pose": pose.tolist()}


@pytest.fixture(scope="module")
def server(cases_root, models_root):
    with server_process(cases_root, models_root, 1, "cpu") as running:
        yield running


@pytest.fixture(scope="module")
def locked(cases_root, models_root, tmp_path_factory):
    keys = tmp_path_factory.mktemp("keys") / "keys.json"
    token = add_key(keys, "console", ["infer", "manage"])
    with server_process(cases_root, models_root, 1, "cpu", ["--keys", str(keys), "--log-level", "warning"]) as running:
        yield running, keys, token


@pytest.fixture
def target(server, opening, frame):
    pixels = np.asarray(frame).astype("<u2").tobytes()
    return Target(server.http, server.grpc, server.process.pid, opening, pixels)


@pytest.fixture
def locked_target(locked, opening, frame):
    running, keys, token = locked
    pixels = np.asarray(frame).astype("<u2").tobytes()
    headers = {"Authorization": f"Bearer {token}"}
    return Target(running.http, running.grpc, running.process.pid, opening, pixels, token, keys, headers)
