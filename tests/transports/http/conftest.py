import pytest
from starlette.testclient import TestClient

from fluoropose.inference.onnx_runtime import open_device
from fluoropose.serving.service import Service
from fluoropose.transports.http.app import create_app
from fluoropose.transports.http.schemas import camera_json


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
def opening(camera, pose):
    return {"case": "small", "camera": camera_json(camera), "initial_pose": pose.tolist()}


@pytest.fixture
def session(client, opening):
    answer = client.post("/v1/sessions", json=opening)
    assert answer.status_code == 201, answer.text
    return answer.json()["session"]
