import pytest

from fluoropose.transports.http.schemas import camera_json
from support.serving import started_service


@pytest.fixture(scope="module")
def started(cases_root, models_root):
    return started_service(cases_root, models_root)


@pytest.fixture
def opening(camera, pose):
    return {"case": "small", "camera": camera_json(camera), "initial_pose": pose.tolist()}
