"""`serve --record-dir` and `replay`, as a user runs them; also after the service was killed."""

import json
import time

import numpy as np
import pytest

from fluoropose.client import Client
from fluoropose.errors import InputError
from fluoropose.evaluation.server_process import server_process
from fluoropose.transports.http.schemas import camera_json
from support.commands import refused, run
from support.recordings import read_all, small_scene


@pytest.fixture(scope="module", params=["ended", "killed"])
def recording(request, small_case, cases_root, models_root, tmp_path_factory):
    """The recording of a session of 12 frames, whose service was then ended or killed."""
    folder = tmp_path_factory.mktemp("recordings")
    camera, pose, frame = small_scene(small_case)
    extra = ("--log-level", "warning", "--record-dir", str(folder))
    with server_process(cases_root, models_root, 1, "cpu", extra) as running:
        with Client(running.http, transport="ws") as client:
            tracker = client.track("small", camera_json(camera), initial_pose=pose)
            for shift in range(12):
                tracker.send(np.roll(frame, shift % 3, axis=1))
        if request.param == "killed":
            wait_for_jobs(folder, 5)
            running.process.kill()
            running.process.wait(20)
    (path,) = folder.glob("*.h5")
    return path


def wait_for_jobs(folder, count):
    """Wait until a recording in a folder has so many jobs; the process that writes it may still be starting."""
    end = time.monotonic() + 100
    while not any(len(read_all(path)[1]) >= count for path in folder.glob("*.h5") if is_begun(path)):
        assert time.monotonic() < end
        time.sleep(0.1)


def is_begun(path):
    try:
        read_all(path)
    except InputError:
        return False
    return True


def test_a_recorded_session_is_replayed_to_the_last_bit(recording, cases_root, models_root, tmp_path):
    result = run(
        "replay", recording, "--cases", cases_root, "--models", models_root, "--json", tmp_path / "report.json"
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["poses"] == report["same_bits"] == len(read_all(recording)[1])
    assert 5 <= report["poses"] <= 12
    assert report["missed_jobs"] == 0
    assert f"{report['poses']} of {report['poses']} poses the same to the last bit" in result.output


def test_what_cannot_be_replayed_is_refused(tmp_path, cases_root, models_root):
    refused(run("replay", tmp_path / "none.h5", "--cases", cases_root, "--models", models_root), "got no file")
