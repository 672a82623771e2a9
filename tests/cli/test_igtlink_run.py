"""A bridge that runs until a signal, and where it may listen."""

import os
import signal
import threading
import time

import pytest

from fluoropose.cli.igtlink_plan import BridgeInputs, bridge_plan
from fluoropose.cli.igtlink_run import ServiceAddress, require_guarded, run_bridge
from fluoropose.errors import InputError
from support.igtl import Peer, image_bytes


@pytest.fixture
def given(files):
    return BridgeInputs(("small",), (str(files / "camera.json"),), files / "pose.json")


def test_addresses_beyond_this_machine_must_be_wanted():
    require_guarded("127.0.0.1", False)
    require_guarded("0.0.0.0", True)
    with pytest.raises(InputError, match="no keys and no encryption"):
        require_guarded("0.0.0.0", False)
    with pytest.raises(InputError, match="--transport ws or grpc, got 'http'"):
        ServiceAddress(transport="http")


def test_a_bridge_runs_until_a_signal(given, server, frame):
    said = []

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
