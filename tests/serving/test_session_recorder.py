"""Sessions are recorded as they were answered; what cannot be recorded holds up no frame."""

import asyncio
import threading

import numpy as np
import pytest

from fluoropose.errors import StorageError
from fluoropose.serving.session_recorder import SessionRecorder, record_sessions
from fluoropose.serving.wiring import wire_serving
from fluoropose.tracking.session_settings import Change, SessionCamera
from support.recordings import read_all, recorded_session


def test_frames_starts_and_poses_are_those_of_the_session(started, tmp_path, camera, pose, frame):
    frames = [frame, np.roll(frame, 1, axis=1), frame[::-1].copy()]
    path, results = recorded_session(started, tmp_path, camera, frames, initial_pose=pose)
    header, jobs = read_all(path)
    assert header["cases"]["small"]["model"] == "small"
    assert header["machine"]["device"] == "cpu"
    assert [job.views[0].seq for job in jobs] == [0, 1, 2]
    for job, pixels, result in zip(jobs, frames, results, strict=True):
        assert job.views[0].pixels.tobytes() == pixels.tobytes()
        (one,) = job.objects
        assert one.world_from_volume.tobytes() == result.registration.world_from_volume.tobytes()
        assert one.covariance.tobytes() == result.registration.covariance.tobytes()
        assert (one.status, one.reason) == (result.registration.status, result.registration.reason)
        assert one.timing_ms["regress"] > 0
    assert jobs[0].objects[0].start.tobytes() == pose.tobytes()


def test_a_change_of_the_camera_begins_another_file(started, tmp_path, stage, camera, pose, frame):
    recorder = record_sessions(started, tmp_path)
    parts = wire_serving(started, recorder=recorder)
    session = stage.session()

    async def run():
        async with parts.run():
            await parts.broker.answer(session, stage.frame(), "http")
            await parts.broker.change(session, Change({None: SessionCamera(camera)}, initial_pose=pose))
            await parts.broker.answer(session, stage.frame(), "http")

    stage.run(run())
    started.draining = False
    recorder.close()
    assert [len(read_all(path)[1]) for path in sorted(tmp_path.glob("*.h5"))] == [1, 1]


def test_a_disk_that_is_slow_misses_jobs_and_counts_them(started, tmp_path, stage):
    wait, begun = threading.Event(), threading.Event()

    def describe(name):
        begun.set()
        assert wait.wait(20)
        return {}

    recorder = SessionRecorder(tmp_path, {}, describe)
    parts = wire_serving(started, recorder=recorder)
    session = stage.session()

    async def run():
        async with parts.run():
            for _ in range(40):
                await parts.broker.answer(session, stage.frame(), "http")
            wait.set()
            while recorder.pending:
                await asyncio.sleep(0.01)
            await parts.broker.answer(session, stage.frame(), "http")

    stage.run(run())
    started.draining = False
    recorder.close()
    (path,) = tmp_path.glob("*.h5")
    _, jobs = read_all(path)
    assert begun.is_set()
    assert recorder.missed > 0
    assert len(jobs) + recorder.missed == 41
    assert sum(job.missed for job in jobs) == recorder.missed


def test_a_case_that_cannot_be_described_leaves_the_session_alone(started, tmp_path, stage, caplog):
    def describe(name):
        raise StorageError("expected a case, got none")

    recorder = SessionRecorder(tmp_path, {}, describe)
    parts = wire_serving(started, recorder=recorder)
    session = stage.session()

    async def run():
        async with parts.run():
            return [await parts.broker.answer(session, stage.frame(), "http") for _ in range(2)]

    assert len(stage.run(run())) == 2
    started.draining = False
    recorder.close()
    assert list(tmp_path.glob("*.h5")) == []
    assert "a session is not recorded" in caplog.text


def test_one_shot_registrations_and_failures_are_not_recorded(started, tmp_path, stage):
    recorder = record_sessions(started, tmp_path)
    parts = wire_serving(started, recorder=recorder)
    transient = started.transient_session(stage.session().settings)

    async def run():
        async with parts.run():
            await parts.broker.answer(transient, stage.frame(), "http")

    stage.run(run())
    started.draining = False
    recorder.close()
    assert list(tmp_path.glob("*.h5")) == []


def test_a_folder_that_cannot_be_made_is_refused(started, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="expected a folder for recordings"):
        record_sessions(started, tmp_path / "file" / "inside")
