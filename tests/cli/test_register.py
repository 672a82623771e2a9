"""`register`: one frame, several views, other methods, and one line for every mistake."""

import json

import numpy as np
import pytest
from PIL import Image

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import about_y
from fluoropose.io.pose_export.itk_transforms import pose_from_tfm
from fluoropose.transports.http.schemas import camera_json
from support.commands import refused, run
from support.dicom import ends_gdcm, xray_bytes


@pytest.fixture
def second_view(files, small_case, camera):
    """Files of two placed cameras and a second frame, 30 degrees aside; the start in the world."""
    pose = np.array(json.loads((files / "pose.json").read_text())["camera_from_volume"])
    centre = pose[:3, :3] @ small_case.atlas.view.centre_mm + pose[:3, 3]
    turn = about_y(np.deg2rad(30.0))
    place = rigid(turn, centre - turn @ centre)
    lines = CpuRenderer(small_case.volume, 1.0).render(camera, place @ pose)
    np.save(files / "side.npy", np.round(50000.0 * np.exp(-lines) + 200.0).astype(np.uint16))
    for name, world in (("front", np.eye(4)), ("side", place)):
        camera_text = json.dumps({**camera_json(camera), "camera_from_world": world.tolist()})
        (files / f"{name}.json").write_text(camera_text)
    (files / "start.json").write_text(json.dumps({"world_from_volume": pose.tolist()}))
    return files


def registered(files, cases_root, models_root, *more, cameras=("front", "side"), start="start"):
    words = ["register", cases_root / "small", files / "frame.npy", files / "side.npy"]
    for name in cameras:
        words += ["--camera", files / f"{name}.json"]
    return run(*words, "--initial-pose", files / f"{start}.json", "--model", models_root / "small", *more)


def test_register_takes_one_frame(files, cases_root, models_root):
    words = ["register", cases_root / "small", files / "frame.npy", "--camera", files / "camera.json"]
    words += ["--model", models_root / "small", "--initial-pose", files / "pose.json"]
    result = run(*words, "--out", files / "o.png", "--json", files / "r.json")
    assert result.exit_code == 0, result.output
    assert json.loads((files / "r.json").read_text())["case"] == "small"
    with Image.open(files / "o.png") as picture:
        assert picture.size == (3 * 128, 96)


def test_register_takes_several_views(second_view, cases_root, models_root):
    result = registered(
        second_view, cases_root, models_root, "--out", second_view / "o.png", "--json", second_view / "r.json"
    )
    assert result.exit_code == 0, result.output
    found = json.loads((second_view / "r.json").read_text())
    assert [view["name"] for view in found["view_reports"]] == ["frame.npy", "side.npy"]
    place = np.array(json.loads((second_view / "side.json").read_text())["camera_from_world"])
    there = np.array(found["view_reports"][1]["camera_from_volume"])
    np.testing.assert_allclose(place @ np.array(found["world_from_volume"]), there, atol=1e-6)
    with Image.open(second_view / "o.png") as picture:
        assert picture.size == (3 * 128, 2 * 96)


@pytest.mark.parametrize(
    ("cameras", "more", "message"),
    [
        (("front", "camera"), [], "camera_from_world in the camera of each of 2 views, got none in"),
        (("front",), [], "a --camera for each of 2 frames, got 1"),
        (("front", "front"), [], "the same camera twice"),
        (("front", "side"), ["--method", "features"], "only pehl joins views"),
    ],
    ids=["no place", "too few", "twice", "method"],
)
def test_register_refuses_views_that_cannot_be(second_view, cases_root, models_root, cameras, more, message):
    refused(registered(second_view, cases_root, models_root, *more, cameras=cameras), message)


def test_register_refuses(files, cases_root, models_root):
    def words(**changes):
        given = {"camera": files / "camera.json", "initial-pose": files / "pose.json", "model": models_root / "small"}
        given |= {key.replace("_", "-"): value for key, value in changes.items()}
        pairs = [part for key, value in given.items() for part in (f"--{key}", value)]
        return ["register", cases_root / "small", files / "frame.npy", *pairs]

    (files / "bad.json").write_text("{")
    (files / "tilted.json").write_text(json.dumps(np.diag([1.0, 1, 1.2, 1]).tolist()))
    (files / "flat.json").write_text(json.dumps({"rows": 9, "columns": 9, "intrinsic_matrix": [[1, 0, 0]] * 3}))
    refused(run(*words(method="magic")), "expected a method of ours")
    refused(run(*words(pixel_meaning="colour")), "expected --pixel-meaning")
    refused(run(*words(camera=files / "gone.json")), "expected a camera")
    refused(run(*words(camera=files / "bad.json")), "expected a camera as JSON")
    refused(run(*words(camera=files / "flat.json")), "expected a camera in")
    refused(run(*words(initial_pose=files / "tilted.json")), "deviation of 0.44")
    refused(run(*words(model=files)), "manifest")


def test_a_model_of_another_case_is_refused(files, models_root, shipped_root):
    common = ["--camera", files / "camera.json", "--model", models_root / "small"]
    refused(run("register", shipped_root / "plate", files / "frame.npy", *common), "made for another case")


@pytest.mark.parametrize("method", ["intensity", "features"])
def test_register_by_another_method(cases_root, models_root, files, method):
    words = ["register", cases_root / "small", files / "frame.npy", "--camera", files / "camera.json"]
    words += ["--model", models_root / "small", "--method", method, "--json", files / "found.json"]
    refused(run(*words), "expected --initial-pose")
    result = run(*words, "--initial-pose", files / "pose.json")
    assert result.exit_code == 0, result.output
    found = json.loads((files / "found.json").read_text())
    truth = json.loads((files / "pose.json").read_text())["camera_from_volume"]
    assert found["method"] == method
    assert np.abs(np.array(found["camera_from_volume"]) - truth).max() < 20.0
    refused(run(*words[:-4], "--method", "magic", "--initial-pose", files / "pose.json"), "got 'magic'")


def test_the_pose_is_written_by_ending_and_an_unknown_one_is_refused_first(files, cases_root, models_root):
    words = ["register", cases_root / "small", files / "frame.npy", "--camera", files / "camera.json"]
    words += ["--initial-pose", files / "pose.json", "--model", models_root / "small"]
    result = run(*words, "--out", files / "p.tfm", "--out", files / "p.csv", "--json", files / "r.json")
    assert result.exit_code == 0, result.output
    pose = json.loads((files / "r.json").read_text())["camera_from_volume"]
    np.testing.assert_allclose(pose_from_tfm((files / "p.tfm").read_text()), pose, atol=1e-12)
    assert len((files / "p.csv").read_text().splitlines()) == 2
    refused(run(*words, "--out", files / "p.xyz"), "expected a file ending in .json, .csv")


def test_a_frame_without_the_object_ends_with_3(files, cases_root, models_root, rng):
    np.save(files / "empty.npy", rng.normal(50000.0, 50.0, (96, 128)).astype(np.uint16))
    result = run(
        "register", cases_root / "small", files / "empty.npy", "--camera", files / "camera.json",
        "--initial-pose", files / "pose.json", "--model", models_root / "small", "--out", files / "p.tfm",
        "--out", files / "o.png",
    )  # fmt: skip
    assert result.exit_code == 3, result.output
    assert '"status": "LOST"' in result.output
    assert not (files / "p.tfm").exists() and (files / "o.png").exists()


def test_a_frame_that_ends_gdcm_is_named(files, cases_root, models_root):
    (files / "frame.dcm").write_bytes(ends_gdcm(xray_bytes(np.load(files / "frame.npy")[None])))
    words = ["register", cases_root / "small", files / "frame.dcm", "--camera", files / "camera.json"]
    refused(run(*words, "--model", models_root / "small", "--initial-pose", files / "pose.json"), "frame.dcm")
