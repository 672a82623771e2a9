"""The plan of a bridge from what a user gives, and a run that ends at a signal."""

import json
import os
import signal
import threading
import time

import numpy as np
import pytest

from fluoropose.cli.igtlink_run import BridgeInputs, ServiceAddress, bridge_plan, require_guarded, run_bridge
from fluoropose.errors import InputError
from fluoropose.evaluation.server_process import server_process
from fluoropose.igtlink.naming import Place
from fluoropose.transports.http.schemas import camera_json
from support.igtl import Peer, image_bytes
from support.views import placed_json, rig_places


@pytest.fixture
def given(files):
    return BridgeInputs(("small",), (str(files / "camera.json"),), files / "pose.json")


@pytest.fixture
def pair(tmp_path, small_case, camera, pose):
    for name, placed in placed_json(camera, rig_places(small_case, pose)).items():
        (tmp_path / f"{name}.json").write_text(json.dumps(placed))
    (tmp_path / "world.json").write_text(json.dumps({"world_from_volume": pose.tolist()}))
    return BridgeInputs(("small",), tuple(f"{name.upper()}={tmp_path / name}.json" for name in "ab"))


def test_one_camera_takes_images_of_any_device(given, camera, pose):
    plan = bridge_plan(given)
    (session,) = plan.sessions
    assert plan.places == {"": Place(0, None)}
    assert session.opening["case"] == "small"
    np.testing.assert_array_equal(session.opening["initial_pose"], pose)
    assert session.opening["camera"]["rows"] == camera.rows
    assert plan.form.names.transform == "VolumeToCamera"
    assert plan.limits.reading.body_bytes > 4 * camera.rows * camera.columns


def test_cameras_with_places_are_one_session_or_separate_ones(pair, tmp_path):
    (joint,) = bridge_plan(pair).sessions
    assert list(joint.opening["cameras"]) == ["A", "B"]
    assert joint.labels == {"A": "A", "B": "B"}
    plan = bridge_plan(BridgeInputs(pair.cases, pair.cameras, tmp_path / "world.json", separate=True))
    assert plan.places == {"A": Place(0, None), "B": Place(1, None)}
    assert [one.labels for one in plan.sessions] == [{None: "A"}, {None: "B"}]
    assert all("initial_pose" in one.opening for one in plan.sessions)
    assert bridge_plan(BridgeInputs(pair.cases, pair.cameras, target="world")).form.names.transform == "VolumeToWorld"


def test_several_cases_and_an_age_are_asked_for(given):
    plan = bridge_plan(BridgeInputs(("a", "b"), given.cameras, max_age_ms=100.0))
    assert plan.sessions[0].opening["cases"] == [{"case": "a"}, {"case": "b"}]
    assert plan.sessions[0].opening["max_frame_age_ms"] == 100.0
    assert plan.form.names.transform == "{case}ToCamera"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"target": "moon"}, "--target camera or world"),
        ({"axes": "xyz"}, "--axes ras or lps"),
        ({"cases": ("a", "b")}, "--initial-pose with one case, got 2"),
        ({"cameras": ("none.json",)}, "none.json"),
        ({"transform_device": "a" * 21}, "1 to 20 bytes"),
    ],
)
def test_what_does_not_go_together_is_refused(given, change, words):
    from dataclasses import replace

    with pytest.raises(InputError) as error:
        bridge_plan(replace(given, **change))
    assert words in str(error.value)


def test_cameras_need_devices_of_their_own(given):
    (path,) = given.cameras
    with pytest.raises(InputError, match="a camera without a device again"):
        bridge_plan(BridgeInputs(("a",), (path, path)))
    with pytest.raises(InputError, match="got A again"):
        bridge_plan(BridgeInputs(("a",), (f"A={path}", f"A={path}")))
    with pytest.raises(InputError, match="for each of 2 cameras, got one without"):
        bridge_plan(BridgeInputs(("a",), (f"A={path}", path)))


def test_addresses_beyond_this_machine_must_be_wanted():
    require_guarded("127.0.0.1", False)
    require_guarded("0.0.0.0", True)
    with pytest.raises(InputError, match="no keys and no encryption"):
        require_guarded("0.0.0.0", False)
    with pytest.raises(InputError, match="--transport ws or grpc, got 'http'"):
        ServiceAddress(transport="http")


def test_a_bridge_runs_until_a_signal(given, cases_root, models_root, frame):
    said = []
    with server_process(cases_root, models_root, 1, "cpu") as server:

        def use():
            end = time.monotonic() + 30
            while not any(line.startswith("listening on 127.0.0.1:") for line in said):
                assert time.monotonic() < end
                time.sleep(0.01)
            port = int(next(line for line in said if "listening" in line).split(":")[1].split(";")[0])
            with Peer(port) as peer:
                peer.send(image_bytes(frame))
                found.append(peer.wait_for("TRANSFORM").device_name)
            os.kill(os.getpid(), signal.SIGTERM)

        found = []
        thread = threading.Thread(target=use)
        thread.start()
        run_bridge(bridge_plan(given), ServiceAddress(server.http, server.grpc), ("127.0.0.1", 0), said.append)
        thread.join(20)
    assert found == ["VolumeToCamera"]
    assert said[-1] == "stopped" or said[-2] == "stopped"


def test_the_camera_of_the_plan_is_the_files(given, camera):
    assert (
        bridge_plan(given).sessions[0].opening["camera"]["intrinsic_matrix"] == camera_json(camera)["intrinsic_matrix"]
    )
