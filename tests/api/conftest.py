import numpy as np
import pytest
from starlette.testclient import TestClient

from fluoropose.api.http import create_app
from fluoropose.api.schemas import camera_json
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.runtime.ort import open_device
from fluoropose.runtime.service import Service


@pytest.fixture(scope="module")
def service(cases_root, models_root):
    service = Service(open_device("cpu", 2), cases_root, models_root)
    service.start()
    return service


@pytest.fixture
def client(service):
    service.draining = False
    with TestClient(create_app(service), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def pose(small_case):
    return pose_from_six(np.array([2.0, -3.0, 890.0, 4.0, 3.0, -5.0]), small_case.pose_frame)


@pytest.fixture
def frame(small_case, camera, pose):
    lines = CpuRenderer(small_case.volume, 1.0).render(camera, pose)
    return np.round(50000.0 * np.exp(-lines) + 200.0).astype(np.uint16)


@pytest.fixture
def opening(camera, pose):
    return {"case": "small", "camera": camera_json(camera), "initial_pose": pose.tolist()}


@pytest.fixture
def session(client, opening):
    answer = client.post("/v1/sessions", json=opening)
    assert answer.status_code == 201, answer.text
    return answer.json()["session"]
