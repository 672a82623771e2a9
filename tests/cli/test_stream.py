"""`stream`: runs, pairs and sweeps of frames to a real server."""

import json

import numpy as np
import pytest
from PIL import Image

from fluoropose.transports.http.schemas import camera_json
from support.commands import refused, run
from support.dicom import ends_gdcm, xray_bytes
from support.views import placed_json, rig_places, taken


@pytest.mark.parametrize("kind", ["folder", "npy", "tiff"])
def test_stream_sends_a_run_and_says_what_came_back(server, tmp_path, camera, pose, frame, kind):
    (tmp_path / "camera.json").write_text(json.dumps(camera_json(camera)))
    (tmp_path / "pose.json").write_text(json.dumps(pose.tolist()))
    source = tmp_path / kind
    if kind == "folder":
        source.mkdir()
        for n in range(4):
            Image.fromarray(frame).save(source / f"{n}.png")
    elif kind == "npy":
        source = tmp_path / "run.npy"
        np.save(source, np.stack([frame] * 4))
    else:
        source = tmp_path / "run.tif"
        page = Image.fromarray(frame)
        page.save(source, save_all=True, append_images=[page] * 3)
    result = run(
        "stream", source, "--case", "small", "--camera", tmp_path / "camera.json",
        "--initial-pose", tmp_path / "pose.json", "--fps", 20, "--repeat", 2, "--address", server.http,
        "--grpc-address", server.grpc, "--transport", "grpc", "--json", tmp_path / "facts.json",
        "--csv", tmp_path / "poses.csv",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    facts = json.loads((tmp_path / "facts.json").read_text())
    assert facts["sent"] == 7
    assert facts["answered"] + facts["dropped"] == 7
    assert facts["frame_age_ms"]["p50"] > 0
    assert facts["problems"] == {}
    assert len(facts["frames"]) == facts["answered"] == len((tmp_path / "poses.csv").read_text().splitlines()) - 1
    assert len(facts["frames"][0]["camera_from_volume"]) == 4


def test_stream_sends_pairs_and_sweeps(server, tmp_path, small_case, camera, pose):
    places = rig_places(small_case, pose)
    for name, placed in placed_json(camera, places).items():
        (tmp_path / f"{name}.json").write_text(json.dumps(placed))
        np.save(tmp_path / f"{name}.npy", np.stack([taken(small_case, camera, places[name] @ pose)] * 3))
    (tmp_path / "pose.json").write_text(json.dumps(pose.tolist()))
    (tmp_path / "bare.json").write_text(json.dumps(camera_json(camera)))
    arm = {"primary_deg": 0.0, "secondary_deg": 0.0, "source_to_isocenter_mm": 890.0}
    (tmp_path / "places.json").write_text(json.dumps([places["b"].tolist(), places["a"].tolist(), arm]))

    def stream(camera, *words):
        return run(
            "stream", tmp_path / "a.npy", "--case", "small", "--camera", tmp_path / f"{camera}.json", "--fps", 5,
            "--initial-pose", tmp_path / "pose.json", "--address", server.http, "--json", tmp_path / "facts.json", *words,
        )  # fmt: skip

    pair = ("--second", tmp_path / "b.npy", "--second-camera")
    for camera_name, words, sent in (
        ("a", (*pair, tmp_path / "b.json"), 6),
        ("bare", ("--places", tmp_path / "places.json"), 3),
    ):
        result = stream(camera_name, *words)
        assert result.exit_code == 0, result.output
        facts = json.loads((tmp_path / "facts.json").read_text())
        assert facts["sent"] == sent == facts["answered"] + facts["dropped"]
        assert facts["problems"] == {}
        assert facts.get("joint", 0) <= 6  # both frames of a pair that waited together, else its second
    (tmp_path / "places.json").write_text("[[1]]")
    refused(stream("bare", "--places", tmp_path / "places.json"), "expected a list of 3 places")
    (tmp_path / "places.json").write_text(json.dumps([[[1]]] * 3))
    refused(stream("bare", "--places", tmp_path / "places.json"), "expected places in")
    refused(stream("a", *pair[:2]), "expected both --second and --second-camera")
    refused(stream("bare", *pair, tmp_path / "b.json"), "got none of first")


def test_stream_says_what_is_missing(server, tmp_path, frame):
    refused(run("stream", tmp_path, "--address", server.http), "expected --case and --camera")
    (tmp_path / "c.json").write_text(json.dumps({"rows": 4, "columns": 4}))
    words = ["stream", tmp_path / "none", "--case", "small", "--camera", tmp_path / "c.json"]
    refused(run(*words), "expected a camera")
    refused(run("stream", "plate", "--transport", "pigeon"), "expected --transport http, ws, grpc")


def test_a_run_that_ends_gdcm_is_named(server, tmp_path, camera, frame):
    (tmp_path / "run.dcm").write_bytes(ends_gdcm(xray_bytes(np.stack([frame, frame]))))
    (tmp_path / "c.json").write_text(json.dumps(camera_json(camera)))
    words = ["stream", tmp_path / "run.dcm", "--case", "small", "--camera", tmp_path / "c.json"]
    refused(run(*words, "--address", server.http), "run.dcm")
