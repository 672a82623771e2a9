import pytest

from fluoropose.serving.wiring import wire_serving
from fluoropose.transports.http.schemas import camera_json
from support.serving import http_client, started_service


@pytest.fixture(scope="module")
def service(cases_root, models_root):
    return started_service(cases_root, models_root, threads=2)


@pytest.fixture
def parts(service):
    service.draining = False
    return wire_serving(service)


@pytest.fixture
def client(parts):
    with http_client(parts) as client:
        yield client


@pytest.fixture
def opening(camera, pose):
    return {"case": "small", "camera": camera_json(camera), "initial_pose": pose.tolist()}


@pytest.fixture
def session(client, opening):
    answer = client.post("/v1/sessions", json=opening)
    assert answer.status_code == 201, answer.text
    return answer.json()["session"]
