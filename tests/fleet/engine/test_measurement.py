"""What is measured of a fleet, on a front door that a test makes up; the whole takes minutes and is a command."""

import json

import pytest

pytest.importorskip("ray", reason="the extra fleet is not installed")

from fluoropose.evaluation.load_point import LoadFrames
from fluoropose.fleet.engine.local_cluster import LocalFleet
from fluoropose.fleet.engine.measurement import FleetMeasurement
from support.json_server import serve_json


@pytest.fixture
def door():
    """A front door that opens each session, and says how many it placed."""
    asked = []

    def answers(method, path, headers, sent):
        asked.append((method, path, sent))
        return 201, {"session": "w1.x", "placed": {"resident": 1}, "workers": []}

    with serve_json(answers) as address:
        yield LocalFleet(address, ""), asked


def test_each_case_is_opened_once_to_be_loaded_and_then_as_resident(door, camera, tmp_path):
    fleet, asked = door
    measurement = FleetMeasurement(tmp_path, tmp_path, LoadFrames("small", camera, [], []), copies=2)
    figures = measurement.openings(fleet)
    opened = [json.loads(sent)["case"] for method, _, sent in asked if method == "POST"]
    assert opened == ["copy-0"] * 6 + ["copy-1"] * 6
    assert [path for method, path, _ in asked if method == "DELETE"] == ["/v1/sessions/w1.x"] * 12
    assert set(figures) == {"loaded_ms", "resident_ms", "placed"}
    assert 0 < figures["resident_ms"]["p50"] <= figures["resident_ms"]["p99"]
