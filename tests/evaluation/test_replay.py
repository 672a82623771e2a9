"""A recorded session is registered again: the same bits here, and every difference is said."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from fluoropose.errors import InputError
from fluoropose.evaluation.replay import ReplayPlan, replay
from fluoropose.io.recordings import RecordingWriter
from support.recordings import read_all, recorded_session, small_scene
from support.serving import started_service


@pytest.fixture(scope="module")
def recorded(small_case, cases_root, models_root, tmp_path_factory):
    """A recording: sure frames, a shifted one, one of noise, and then a search."""
    camera, pose, frame = small_scene(small_case)
    noise = np.random.default_rng(1).integers(20000, 50000, frame.shape).astype(np.uint16)
    frames = [frame, np.roll(frame, 2, axis=1), noise, frame, frame.astype(np.float32)]
    service, folder = started_service(cases_root, models_root), tmp_path_factory.mktemp("recorded")
    path, results = recorded_session(service, folder, camera, frames, initial_pose=pose)
    assert {one.registration.status for one in results} >= {"TRACKING", "LOST"}
    return path


def changed(path, target, header=None, **change):
    """Write a recording again, with another header or other objects."""
    before, jobs = read_all(path)
    header = before | (header or {})
    sides = {name: (one["rows"], one["columns"]) for name, one in header["settings"]["cameras"].items()}
    writer = RecordingWriter(target, header, sides)
    for job in jobs:
        writer.add(replace(job, objects=tuple(replace(one, **change) for one in job.objects)))
    writer.close()
    return target


def test_every_pose_is_the_same_to_the_last_bit(recorded, cases_root, models_root):
    done = []
    report = replay(ReplayPlan(recorded, cases_root, models_root), done.append)
    assert (report.jobs, report.poses, report.same_bits, report.missed) == (5, 5, 5, 0)
    assert (report.most_mm, report.unlike) == (0.0, [])
    # Whether a view was there depends on how far the background had come, then and now.
    assert all("view-not-cached" in line for line in report.lines)
    assert report.agrees
    assert done == [1, 2, 3, 4, 5]


def test_a_pose_of_other_bits_is_said(recorded, cases_root, models_root, tmp_path):
    moved = np.array(read_all(recorded)[1][0].objects[0].world_from_volume)
    moved[0, 3] = np.nextafter(moved[0, 3], np.inf)
    path = changed(recorded, tmp_path / "other.h5", world_from_volume=moved)
    report = replay(ReplayPlan(path, cases_root, models_root))
    assert not report.agrees
    assert report.same_bits == 0
    assert "frame 0, small: " in report.lines[0]
    assert "mm and" in report.lines[0]


def test_another_start_gives_another_pose(recorded, cases_root, models_root, tmp_path, pose):
    start = pose.copy()
    start[0, 3] += 3.0
    report = replay(ReplayPlan(changed(recorded, tmp_path / "other.h5", start=start), cases_root, models_root))
    assert report.same_bits < report.poses


def test_on_another_machine_poses_agree_within_a_tolerance(recorded, cases_root, models_root, tmp_path):
    header, jobs = read_all(recorded)
    machine = header["machine"] | {"processor": "another"}
    report = replay(ReplayPlan(changed(recorded, tmp_path / "b.h5", {"machine": machine}), cases_root, models_root))
    assert report.agrees
    assert [line.startswith("processor: recorded another, here ") for line in report.unlike] == [True]
    far = np.array(jobs[0].objects[0].world_from_volume)
    far[0, 3] += 0.1
    path = changed(recorded, tmp_path / "c.h5", {"machine": machine}, world_from_volume=far)
    report = replay(ReplayPlan(path, cases_root, models_root))
    assert not report.agrees
    assert report.facts()["tolerance"] == {"mm": 0.05, "deg": 0.05}


def test_another_status_is_said(recorded, cases_root, models_root, tmp_path):
    path = changed(recorded, tmp_path / "b.h5", status="LOW_CONFIDENCE", reason="view-not-cached")
    report = replay(ReplayPlan(path, cases_root, models_root))
    assert report.agrees
    assert report.other_status >= 4
    assert "recorded LOW_CONFIDENCE view-not-cached, here TRACKING" in report.lines[0]


def test_a_case_that_is_not_there_or_another_one_is_refused(recorded, cases_root, models_root, tmp_path):
    with pytest.raises(InputError, match="recording's case 'small' in .*, got no such folder"):
        replay(ReplayPlan(recorded, tmp_path, models_root))
    header = read_all(recorded)[0]
    other = {"cases": {"small": header["cases"]["small"] | {"digest": "0" * 64}}}
    with pytest.raises(InputError, match="got another of that name"):
        replay(ReplayPlan(changed(recorded, tmp_path / "b.h5", other), cases_root, models_root))


def test_a_recording_without_jobs_is_refused(recorded, cases_root, models_root, tmp_path):
    header = read_all(recorded)[0]
    sides = {name: (one["rows"], one["columns"]) for name, one in header["settings"]["cameras"].items()}
    RecordingWriter(tmp_path / "empty.h5", header, sides).close()
    with pytest.raises(InputError, match="at least one job"):
        replay(ReplayPlan(tmp_path / "empty.h5", cases_root, models_root))


def test_a_model_that_is_another_is_said(recorded, cases_root, models_root, tmp_path):
    shutil.copytree(models_root, tmp_path / "models")
    manifest = tmp_path / "models" / "small" / "manifest.json"
    manifest.write_text(manifest.read_text() + "\n")
    report = replay(ReplayPlan(recorded, cases_root, tmp_path / "models"))
    assert len(report.unlike) == 1
    assert "case small, model_sha256: recorded " in report.unlike[0]
    assert report.agrees
