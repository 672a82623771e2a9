"""`track`: a pair of cameras, two objects, every file; stopped and gone on; what is refused."""

import csv
import json

import numpy as np
import pytest

from fluoropose.cli import track_run
from fluoropose.geometry.conversion.convert import write_geometry
from fluoropose.geometry.conversion.imaging_geometry import ImagingGeometry
from fluoropose.io.pose_export.autoscoper_track import poses_from_tra
from fluoropose.io.video import read_video
from fluoropose.transports.http.schemas import camera_json
from support.commands import refused, run
from support.dicom import ends_gdcm, xray_bytes
from support.views import rig_places, taken


@pytest.fixture
def trial(tmp_path, small_case, camera, pose, cases_root, models_root, monkeypatch):
    """A trial of four instants from two placed cameras, in MayaCam files and stacks."""
    monkeypatch.setenv("FLUOROPOSE_MODELS", str(models_root))
    for name, place in rig_places(small_case, pose).items():
        frames = [taken(small_case, camera, place @ pose)] * 4
        np.save(tmp_path / f"{name}.npy", np.stack(frames))
        geometry = ImagingGeometry(camera, place)
        (tmp_path / f"{name}.txt").write_text(write_geometry(geometry, "mayacam2", {}).fields["text"])
    (tmp_path / "start.json").write_text(json.dumps(pose.tolist()))
    (tmp_path / "bare.json").write_text(json.dumps(camera_json(camera)))
    return tmp_path


def words_of(trial, cases_root, *more):
    return [
        "track", cases_root / "small", "--frames", trial / "a.npy", "--camera", trial / "a.txt", "--second",
        trial / "b.npy", "--second-camera", trial / "b.txt", "--initial-pose", trial / "start.json", *more,
    ]  # fmt: skip


def test_a_pair_is_followed_and_every_file_written(trial, cases_root):
    more = ["--csv", trial / "p.csv", "--json", trial / "p.json", "--tra", trial / "p.tra", "--jts", trial / "p.jts"]
    more += ["--tfm", trial / "tfm", "--plot", trial / "p.png", "--video", trial / "p.mp4"]
    result = run(*words_of(trial, cases_root, *more))
    assert result.exit_code == 0, result.output
    assert '"frames": 4' in result.output and '"views": 2' in result.output
    rows = list(csv.DictReader((trial / "p.csv").read_text().splitlines()))
    assert [row["frame"] for row in rows] == ["0", "1", "2", "3"]
    poses = json.loads((trial / "p.json").read_text())
    assert poses["target"] == "world"
    for found, one in zip(poses_from_tra((trial / "p.tra").read_text()), poses["frames"], strict=True):
        if one["world_from_volume"] is None:
            assert found is None
        else:
            np.testing.assert_allclose(found, one["world_from_volume"], atol=1e-9)
    assert len(read_video(trial / "p.mp4")[0]) == 4
    assert (trial / "p.png").stat().st_size > 1000
    assert not (trial / "p.csv.partial").exists()


def test_a_trial_that_was_stopped_goes_on_with_the_same_numbers(trial, cases_root, monkeypatch):
    whole = run(*words_of(trial, cases_root, "--json", trial / "whole.json"))
    assert whole.exit_code == 0, whole.output
    follow, done = track_run.follow_instant, []

    def stop_after_two(*given):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(1)
        return follow(*given)

    monkeypatch.setattr(track_run, "follow_instant", stop_after_two)
    stopped = run(*words_of(trial, cases_root, "--json", trial / "part.json"))
    assert stopped.exit_code == 130
    assert "interrupted after 2 of 4 frames; the same command again goes on there" in " ".join(stopped.output.split())
    assert not (trial / "part.json").exists()
    monkeypatch.setattr(track_run, "follow_instant", follow)
    again = run(*words_of(trial, cases_root, "--json", trial / "part.json"))
    assert again.exit_code == 0, again.output
    assert "going on after 2 of 4 frames" in again.output and '"resumed_at": 2' in again.output
    found, expected = (json.loads((trial / f"{name}.json").read_text())["frames"] for name in ("part", "whole"))
    for one, other in zip(found, expected, strict=True):
        assert one["status"] == other["status"]
        if one["world_from_volume"] is not None:
            np.testing.assert_allclose(one["world_from_volume"], other["world_from_volume"], atol=1e-6)


def test_one_camera_without_a_place_gives_poses_in_the_camera(trial, cases_root):
    result = run(
        "track", cases_root / "small", "--frames", trial / "a.npy", "--camera", trial / "bare.json", "--initial-pose",
        trial / "start.json", "--json", trial / "p.json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert json.loads((trial / "p.json").read_text())["target"] == "camera"


def test_bent_frames_are_straightened(trial, cases_root, camera):
    """Frames that are shifted by a pixel, with the map that says so, give the poses of those that are not."""
    own = np.stack(np.meshgrid(np.arange(camera.columns, dtype=float), np.arange(camera.rows)), axis=-1)
    np.save(trial / "bent.npy", own + [1.0, 0.0])
    plain = run(*words_of(trial, cases_root, "--json", trial / "plain.json"))
    assert plain.exit_code == 0, plain.output
    for name in "ab":
        frames = np.load(trial / f"{name}.npy")
        np.save(trial / f"{name}.npy", np.concatenate([frames[..., :1], frames[..., :-1]], axis=-1))
    more = ("--distortion", trial / "bent.npy", "--distortion", trial / "bent.npy", "--json", trial / "bent.json")
    found = run(*words_of(trial, cases_root, *more))
    assert found.exit_code == 0, found.output
    poses = [json.loads((trial / f"{name}.json").read_text())["frames"][0] for name in ("plain", "bent")]
    assert poses[0]["status"] == poses[1]["status"]
    if poses[0]["world_from_volume"] is not None:
        np.testing.assert_allclose(*[one["world_from_volume"] for one in poses], atol=0.5)
    refused(run(*words_of(trial, cases_root, *more[2:])), "a distortion for each of 2 cameras")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda words: words, "expected a file to write"),
        (lambda words: [*words, "--csv", "a.txt"], "ending in"),
        (lambda words: [*words[:6], *words[8:], "--csv", "a.csv"], "expected both --second and --second-camera"),
        (lambda words: [*words, "--initial-pose", words[-1], "--csv", "a.csv"], "for each of 1 cases"),
        (lambda words: [*words, "--csv", "a.csv", "--pixel-meaning", "colour"], "expected --pixel-meaning"),
        (lambda words: [*words, "--csv", "a.csv", "--fps", "-1"], "a rate above 0"),
        (lambda words: [words[0], words[1], *words[1:-2], "--csv", "a.csv"], "cases of different names"),
    ],
)
def test_what_cannot_be_tracked(trial, cases_root, monkeypatch, change, message):
    monkeypatch.chdir(trial)
    refused(run(*change(words_of(trial, cases_root))), message)


def test_views_of_different_lengths_are_refused(trial, cases_root):
    np.save(trial / "b.npy", np.load(trial / "b.npy")[:3])
    refused(run(*words_of(trial, cases_root, "--csv", trial / "a.csv")), "as many frames in each view, got 4 and 3")


def test_a_view_that_ends_gdcm_is_named(trial, cases_root):
    (trial / "a.dcm").write_bytes(ends_gdcm(xray_bytes(np.load(trial / "a.npy"))))
    words = [trial / "a.dcm" if word == trial / "a.npy" else word for word in words_of(trial, cases_root)]
    refused(run(*words, "--csv", trial / "p.csv"), "a.dcm")
