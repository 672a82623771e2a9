"""An STL is uploaded to a real server, which makes a case of it without any training, and is then tracked."""

import json
import shutil
import time

import httpx
import numpy as np
import pytest

from fluoropose.client import Client
from fluoropose.drr.planes import PlaneRenderer
from fluoropose.evaluation.server_process import server_process
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.canonical import pose_from_canonical
from fluoropose.geometry.rotation import about_y, angle_between
from fluoropose.io.bundles import shipped_models_root
from fluoropose.io.cases import load_case
from fluoropose.transports.http.schemas import camera_json
from support.meshes import box_mesh, stl_bytes

CAMERA = camera_from_detector(256, 256, row_spacing_mm=0.4, column_spacing_mm=0.4, source_to_detector_mm=1200.0)


@pytest.fixture(scope="module")
def server(tmp_path_factory, cases_root):
    """A server that is ready, for it has a case already, and where its cases are."""
    folder = tmp_path_factory.mktemp("uploads") / "cases"
    shutil.copytree(cases_root / "small", folder / "small")
    with server_process(folder, shipped_models_root(), 1, "cpu", writes=True) as running:
        yield running, folder


def wait_until_ended(http, name):
    for _ in range(1200):
        case = http.get(f"/v1/cases/{name}").json()
        if case["state"] != "preparing":
            return case
        time.sleep(0.05)
    raise AssertionError(f"still preparing: {case}")


def test_an_uploaded_mesh_is_tracked(server):
    running, cases = server
    with httpx.Client(base_url=running.http, timeout=30.0) as http:
        options = {"name": "part", "material": "titanium", "range_mm": 900.0}
        answer = http.post(
            "/v1/cases", data={"options": json.dumps(options)}, files={"volume": ("part.stl", stl_bytes(box_mesh()))}
        )
        assert answer.status_code == 201, answer.text
        case = wait_until_ended(http, "part")
        assert (case["state"], case["model"], case["step"]) == ("ready", "universal", "ready"), case
        assert case["verification"]["frames"] == 8
        # A box looks the same after half a turn about each of its axes.
        assert any(abs(one["angle_deg"] - 180.0) < 1e-6 for one in case["verification"]["look_alikes"])
        assert "54 mm" in case["detail"]
        assert http.delete("/v1/cases/none").status_code == 404
    stored = load_case(cases / "part")
    renderer, view = PlaneRenderer(stored.volume), stored.atlas.view
    rng = np.random.default_rng(0)
    with Client(running.http) as client:
        tracker = None
        for n in range(12):
            turn = about_y(np.deg2rad(12.0 + 2.0 * n)) @ view.base_rotation
            truth = pose_from_canonical(np.eye(3), turn, np.array([0.3 * n, -2.0, view.range_mm]), view)
            lines = renderer.render(CAMERA, truth)
            pixels = (rng.poisson(4000.0 * np.exp(-lines)) + 1).astype(np.uint16)
            tracker = tracker or client.track("part", camera_json(CAMERA), initial_pose=truth)
            result = tracker.send(pixels, captured_at=1e9 + n / 15.0)
            assert result["status"] in ("TRACKING", "LOW_CONFIDENCE")
            assert result["status"] == "TRACKING" or result["reason"] == "view-not-cached", result
            found = np.array(result["camera_from_volume"])
            assert np.rad2deg(angle_between(found[:3, :3], truth[:3, :3])) < 3.0
        tracker.close()
