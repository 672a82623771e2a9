"""The commands as a user types them: what they make, and one line for every mistake."""

import json
import os
import signal
import subprocess
import sys
import time

import httpx
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner
from websockets.sync.client import connect

from fluoropose.cli.main import app
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import about_y
from fluoropose.imaging.attenuation import WATER_PER_MM
from fluoropose.imaging.volume import Volume
from fluoropose.io.cases import list_cases, load_case
from fluoropose.io.nifti import write_nifti
from fluoropose.objects.shapes import voxelise
from fluoropose.transports.http.schemas import camera_json
from fluoropose.transports.http.stream import SUBPROTOCOL
from support.cases import small_parts

runner = CliRunner()


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    """A CT in HU: the small object's densities in water, with a label map of them."""
    folder = tmp_path_factory.mktemp("ct")
    solid = voxelise(small_parts(), np.array([18.0, 10.0, 21.0]), 2.0)
    values = np.pad(solid.values, 4)
    placed = solid.lps_from_index.copy()
    placed[:3, 3] -= 8.0
    write_nifti(folder / "ct.nii.gz", Volume(np.where(values > 0, 1000.0 * (values / WATER_PER_MM), 0.0), placed))
    write_nifti(folder / "labels.nii.gz", Volume((values > 0).astype(np.float32) * 5, placed))
    return folder


@pytest.fixture
def files(tmp_path, small_case, camera):
    pose = pose_from_six(np.array([2.0, -3.0, 890.0, 4.0, 3.0, -5.0]), small_case.pose_frame)
    lines = CpuRenderer(small_case.volume, 1.0).render(camera, pose)
    (tmp_path / "camera.json").write_text(json.dumps(camera_json(camera)))
    (tmp_path / "pose.json").write_text(json.dumps({"camera_from_volume": pose.tolist()}))
    np.save(tmp_path / "frame.npy", np.round(50000.0 * np.exp(-lines) + 200.0).astype(np.uint16))
    return tmp_path


def run(*words):
    return runner.invoke(app, [str(word) for word in words])


def refused(result, words):
    assert result.exit_code == 2, result.output
    text = " ".join(result.output.split())
    assert words in text, text
    assert "Traceback" not in text


def test_every_command_has_an_example():
    for command in ("prepare", "train", "serve", "demo", "register", "render", "evaluate", "evaluate-views", "bench"):
        result = run(command, "--help")
        assert result.exit_code == 0
        assert f"Example: fluoropose {command}" in result.output


@pytest.mark.parametrize(
    "choice",
    [["--label-map", "labels.nii.gz", "--label", "5"], ["--hu", "200", "20000"]],
    ids=["label", "window"],
)
def test_prepare_makes_a_case_of_a_ct(ct, tmp_path, choice):
    choice = [ct / word if word.endswith(".gz") else word for word in choice]
    result = run(
        "prepare", ct / "ct.nii.gz", *choice, "--out", tmp_path / "mine", "--half-range-deg", 8, "--step-deg", 4
    )
    assert result.exit_code == 0, result.output
    case = load_case(tmp_path / "mine")
    assert case.rest is not None
    assert case.size_mm == pytest.approx(49.0, abs=4.0)
    assert case.atlas.grid.rows == 5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gone.nii.gz"], "got no file or folder"),
        (["ct.nii.gz", "--label", "5"], "expected a label map"),
        (
            ["ct.nii.gz", "--label-map", "labels.nii.gz", "--label", "9"],
            "label 9 must be in the label map, got labels 0, 5",
        ),
        (["ct.nii.gz", "--hu", "90000", "99999"], "HU between 90000 and 99999"),
        (["ct.nii.gz", "--box", "1,2,3"], "expected --box"),
        (["ct.nii.gz", "--box", "900,900,900,950,950,950"], "inside the box"),
        (["ct.nii.gz", "--view", "sideways"], "expected a view of frontal, back, lateral"),
        (["ct.nii.gz", "--range-mm", "-4"], "positive range"),
        (["ct.nii.gz", "--step-deg", "0"], "step <= half range"),
    ],
)
def test_prepare_refuses_and_lists_nothing(ct, tmp_path, words, message):
    words = [ct / word if word.endswith(".gz") else word for word in words]
    refused(run("prepare", *words, "--out", tmp_path / "mine"), message)
    assert list_cases(tmp_path) == []


def test_prepare_does_not_replace(ct, tmp_path):
    (tmp_path / "mine").mkdir()
    refused(run("prepare", ct / "ct.nii.gz", "--hu", 200, 20000, "--out", tmp_path / "mine"), "which exists")


def test_train_makes_a_bundle_with_a_card(cases_root, tmp_path):
    result = run(
        "train", cases_root / "small", "--out", tmp_path / "small", "--profile", "tiny", "--json", tmp_path / "f.json"
    )
    assert result.exit_code == 0, result.output
    assert "No real X-ray was seen" in (tmp_path / "small" / "CARD.md").read_text()
    assert json.loads((tmp_path / "f.json").read_text())["trials"] == 100
    assert not (tmp_path / "small.checkpoints").exists()


def evaluated(cases_root, models_root, out, *more):
    case = ["evaluate", cases_root / "small", "--model", models_root / "small", "--out", out]
    return run(*case, "--starts", 4, "--slow-starts", 2, "--frames", 2, *more)


def test_evaluate_compares_methods_and_goes_on_where_it_was(cases_root, models_root, tmp_path):
    out = tmp_path / "e"
    more = ["--methods", "ours,features", "--spread", "1,2", "--sweeps", "1", "--plots", "--json", tmp_path / "e.json"]
    result = evaluated(cases_root, models_root, out, *more)
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "e.json").read_text())
    assert set(figures) == {"run", "ours", "features", "ours-sweeps-1"}
    assert [figures[name]["trials"] for name in ("ours", "features", "ours-sweeps-1")] == [4, 2, 4]
    assert figures["ours"]["trials_by_spread"] == {"1": 4, "2": 4}
    assert figures["ours-sweeps-1"]["trials_by_spread"] == {"1": 4}
    assert {"machine", "versions", "commit", "settings", "seed"} <= set(figures["run"])
    assert figures["run"]["settings"]["features"]["most_points"] > 0
    with Image.open(out / "small" / "error-percentiles.png") as picture:
        assert picture.size[0] > 400
    # Cut short in the middle of a line, it goes on and comes to the same errors.
    table = out / "small" / "features.csv"
    whole = table.read_text()
    table.write_text(whole[: len(whole) // 2])
    assert evaluated(cases_root, models_root, out, *more).exit_code == 0
    again = json.loads((tmp_path / "e.json").read_text())
    assert again["features"]["mtre_proj_mm"] == figures["features"]["mtre_proj_mm"]
    assert again["ours"] == figures["ours"]
    refused(evaluated(cases_root, models_root, out, "--seed", 5), "expected seed = 0, got 5")


def test_evaluate_side_by_side_changes_nothing_but_times(cases_root, models_root, tmp_path):
    for jobs in (1, 2):
        more = ["--methods", "ours,features", "--jobs", jobs, "--json", tmp_path / f"{jobs}.json"]
        result = evaluated(cases_root, models_root, tmp_path / f"jobs{jobs}", *more)
        assert result.exit_code == 0, result.output
    one, two = (json.loads((tmp_path / f"{jobs}.json").read_text()) for jobs in (1, 2))
    for method in ("ours", "features"):
        for key in ("mtre_proj_mm", "mtre_mm", "success_rate", "rmsd_proj_mm"):
            assert one[method][key] == two[method][key]


def test_evaluate_views_writes_trials_figures_and_plots(cases_root, models_root, tmp_path):
    words = [
        "evaluate-views",
        cases_root / "small",
        "--model",
        models_root / "small",
        "--out",
        tmp_path / "v",
        "--plots",
    ]
    words += ["--starts", 2, "--frames", 2, "--angles", "20", "--calibration", "0,0.5", "--json", tmp_path / "v.json"]
    result = run(*words, "--faults", "empty-second,missing-second")
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "v.json").read_text())
    assert [(row["calibration"], row["fault"]) for row in figures["settings"]] == [
        (0.0, "none"), (0.5, "none"), (0.0, "empty-second"), (0.0, "missing-second"),
    ]  # fmt: skip
    missing = figures["settings"][3]
    assert missing["together"]["mtre_mm"] == missing["alone"]["mtre_mm"]
    assert figures["run"]["reach_deg"] == [12.0, 12.0]
    assert missing["beyond"]["instants"] == 2
    assert len((tmp_path / "v" / "small" / "views.csv").read_text().splitlines()) == 9
    with Image.open(tmp_path / "v" / "small" / "views.png") as picture:
        assert picture.size[0] > 400


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--angles", "0"], "angles between 0 and 180 degrees"),
        (["--angles", "a"], "numbers with commas for --angles"),
        (["--calibration", "-1"], "errors of calibration from 0 to 10"),
        (["--faults", "upside-down"], "faults of none, empty-first"),
    ],
)
def test_evaluate_views_refuses(cases_root, models_root, tmp_path, words, message):
    case = ["evaluate-views", cases_root / "small", "--model", models_root / "small", "--out", tmp_path / "v"]
    refused(run(*case, *words), message)


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


def test_a_method_that_fails_ends_no_evaluation(cases_root, models_root, tmp_path):
    # 400 mm to the side, no box of the object is in any frame.
    (tmp_path / "starts.json").write_text("[[400, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]]")
    more = ["--methods", "features", "--starts-file", tmp_path / "starts.json", "--json", tmp_path / "e.json"]
    result = evaluated(cases_root, models_root, tmp_path / "e", *more)
    assert result.exit_code == 0, result.output
    facts = json.loads((tmp_path / "e.json").read_text())["features"]
    assert facts["trials"] == 2
    assert sum(facts["failed"].values()) == 1
    assert "InputError: expected the object inside the frame" in next(iter(facts["failed"]))


def test_evaluate_refuses(cases_root, models_root, tmp_path):
    def words(*more):
        return evaluated(cases_root, models_root, tmp_path / "e", *more)

    (tmp_path / "none.json").write_text("[]")
    refused(run("evaluate", cases_root / "small", "--model", tmp_path, "--out", tmp_path / "e"), "manifest")
    refused(run("evaluate", tmp_path, "--out", tmp_path / "e"), "no case.json")
    refused(words("--methods", "magic"), "got 'magic'")
    refused(words("--methods", "ours,ours"), "each method once")
    refused(words("--sweeps", "0"), "got 'ours-sweeps-0'")
    refused(words("--plots", "--methods", ""), "got ''")
    refused(words("--again", "features"), "expected --again among the methods ours")
    refused(words("--spread", "0,1"), "expected --spread")
    refused(words("--starts-file", tmp_path / "none.json"), "at least one start")
    assert run("prepare", "plate", "--out", tmp_path / "plate").exit_code == 0
    other = ["evaluate", tmp_path / "plate", "--model", models_root / "small", "--out", tmp_path / "e"]
    refused(run(*other), "made for another case")
    assert not (tmp_path / "e").exists()
    (tmp_path / "e" / "small").mkdir(parents=True)
    (tmp_path / "e" / "small" / "letter.txt").write_text("mine")
    refused(words(), "got other files")


def test_train_refuses(cases_root, tmp_path):
    refused(run("train", tmp_path, "--out", tmp_path / "m"), "no case.json")
    refused(run("train", cases_root / "small", "--out", tmp_path / "m", "--profile", "slow"), "got 'slow'")


def test_register_and_render(files, cases_root, models_root):
    common = [
        cases_root / "small",
        files / "frame.npy",
        "--camera",
        files / "camera.json",
        "--model",
        models_root / "small",
    ]
    result = run(
        "register", *common, "--initial-pose", files / "pose.json", "--out", files / "o.png", "--json", files / "r.json"
    )
    assert result.exit_code == 0, result.output
    assert json.loads((files / "r.json").read_text())["case"] == "small"
    with Image.open(files / "o.png") as picture:
        assert picture.size == (3 * 128, 96)
    drawn = ["--camera", files / "camera.json", "--pose", files / "pose.json"]
    assert run("render", cases_root / "small", *drawn, "--out", files / "d.npy").exit_code == 0
    assert np.load(files / "d.npy").shape == (96, 128)
    refused(run("render", cases_root / "small", *drawn, "--out", files / "d.jpg"), ".npy or .png")


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


def test_an_address_for_everybody_is_refused(cases_root, models_root):
    refused(run("serve", "--cases", cases_root, "--models", models_root, "--host", "0.0.0.0"), "--behind-proxy")


def test_a_model_of_another_case_is_refused(files, cases_root, models_root, tmp_path):
    assert run("prepare", "plate", "--out", tmp_path / "plate").exit_code == 0
    common = ["--camera", files / "camera.json", "--model", models_root / "small"]
    refused(run("register", tmp_path / "plate", files / "frame.npy", *common), "made for another case")


def test_a_real_server_starts_answers_streams_and_ends_on_sigterm(cases_root, models_root, camera):
    command = [sys.executable, "-m", "fluoropose", "serve", "--cases", str(cases_root), "--models", str(models_root)]
    process = subprocess.Popen(
        [*command, "--port", "18431", "--threads", "1"], env=os.environ | {"PYTHONUNBUFFERED": "1"}
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if httpx.get("http://127.0.0.1:18431/readyz").status_code == 200:
                    break
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        assert httpx.get("http://127.0.0.1:18431/v1/cases").json()[0]["state"] == "ready"
        opening = {"case": "small", "camera": camera_json(camera)}
        session = httpx.post("http://127.0.0.1:18431/v1/sessions", json=opening).json()["session"]
        address = f"ws://127.0.0.1:18431/v1/sessions/{session}/stream"
        with connect(address, subprotocols=[SUBPROTOCOL], max_size=None) as socket:
            header = b'{"dtype": "uint16", "seq": 5}'
            pixels = np.arange(96 * 128, dtype="<u2").tobytes()
            socket.send(len(header).to_bytes(4, "little") + header + pixels)
            assert json.loads(socket.recv(timeout=30))["seq"] == 5
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_the_demo_runs_on_a_users_own_ct(ct, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(
        "demo", "--ct", ct / "ct.nii.gz", "--label-map", ct / "labels.nii.gz", "--label", 5, "--profile", "tiny",
        "--frames", 3, "--starts", 4, "--json", tmp_path / "d.json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "d.json").read_text())
    assert figures["tracking"]["trials"] == 3
    assert figures["starts"]["trials"] == 4
    assert set(figures["starts"]["latency_ms"]) >= {"decode", "preprocess", "regress", "refine", "quality", "total"}
    with Image.open(tmp_path / "demo" / "ct-overlay.png") as picture:
        assert picture.size == (3 * 512, 2 * 512)


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
