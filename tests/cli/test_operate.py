"""serve, keys, stream and bench as a user types them."""

import gc
import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from fluoropose.cli.main import app
from fluoropose.cli.stream import there_and_back
from fluoropose.errors import InputError
from fluoropose.evaluation import load
from fluoropose.evaluation.load import parse_load
from fluoropose.evaluation.server_process import server_process
from fluoropose.transports import server as serving
from fluoropose.transports.http.schemas import camera_json
from support.views import placed_json, rig_places, taken

runner = CliRunner()


def run(*words):
    return runner.invoke(app, [str(word) for word in words])


def refused(result, words):
    assert result.exit_code == 2, result.output
    text = " ".join(result.output.split())
    assert words in text, text
    assert "Traceback" not in text


@pytest.mark.parametrize("command", ["serve", "stream", "bench", "keys add", "keys remove"])
def test_every_command_has_an_example(command):
    assert f"Example: fluoropose {command}" in run(*command.split(), "--help").output


DOORS = {
    "no keys": (["--host", "0.0.0.0"], "expected a loopback address or --keys"),
    "no TLS": (["--host", "0.0.0.0", "--keys", "KEYS"], "expected TLS on 0.0.0.0, got none"),
    "keys and a proxy's TLS": (["--host", "256.0.0.1", "--keys", "KEYS", "--behind-proxy"], None),
    "no such file of keys": (["--keys", "nowhere.json"], "expected a file of keys"),
    "half of TLS": (["--tls-key", "k.pem"], "expected both --tls-key and --tls-cert"),
    "an authority alone": (["--tls-client-ca", "ca.pem"], "expected --tls-key and --tls-cert"),
    "TLS files that are not there": (["--tls-key", "k.pem", "--tls-cert", "c.pem"], "expected readable TLS files"),
}


@pytest.mark.parametrize("name", [name for name in DOORS if DOORS[name][1]])
def test_doors_that_would_stand_open_are_refused(cases_root, models_root, tmp_path, name):
    words, expected = DOORS[name]
    run("keys", "add", "a", "--file", tmp_path / "keys.json", "--scope", "infer")
    words = [tmp_path / "keys.json" if word == "KEYS" else word for word in words]
    refused(run("serve", "--cases", cases_root, "--models", models_root, *words), expected)


@pytest.mark.parametrize(
    ("words", "set_to", "wanted"), [((), "0", False), (("--cuda-graphs",), "0", True), ((), "1", True)]
)
def test_cuda_graphs_are_made_where_they_are_asked_for(monkeypatch, tmp_path, words, set_to, wanted):
    """By `serve`, and by the server that `bench --load` starts."""
    plans, started = [], []
    monkeypatch.setenv("FLUOROPOSE_CUDA_GRAPHS", set_to)
    monkeypatch.setattr(serving, "run_server", plans.append)
    monkeypatch.setattr(load, "server_process", lambda *words: started.append(words[-1]))
    assert run("serve", "--cases", tmp_path, *words).exit_code == 0
    assert [plan.cuda_graphs for plan in plans] == [wanted]
    load._served(load.LoadPlan([], 1.0, 256, 0, tmp_path, tmp_path, 1, "cpu", wanted, "", "", 1))
    assert ["--cuda-graphs" in words for words in started] == [wanted]


def test_keys_are_made_and_removed(tmp_path):
    file = tmp_path / "keys.json"
    made = run("keys", "add", "console-1", "--file", file, "--scope", "infer", "--scope", "metrics", "--days", 30)
    assert made.exit_code == 0
    assert made.output.startswith("fp_console-1_")
    assert json.loads(file.read_text())["keys"][0]["scopes"] == ["infer", "metrics"]
    refused(run("keys", "add", "console-1", "--file", file, "--scope", "infer"), "has a key")
    assert run("keys", "remove", "console-1", "--file", file).exit_code == 0
    refused(run("keys", "remove", "console-1", "--file", file), "expected a key of: none")


@pytest.fixture(scope="module")
def server(cases_root, models_root):
    with server_process(cases_root, models_root, 1, "cpu") as running:
        yield running


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
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    facts = json.loads((tmp_path / "facts.json").read_text())
    assert facts["sent"] == 7
    assert facts["answered"] + facts["dropped"] == 7
    assert facts["frame_age_ms"]["p50"] > 0
    assert facts["problems"] == {}


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


def test_a_run_there_and_back_has_no_jump():
    assert there_and_back(3, 1) == [0, 1, 2]
    assert there_and_back(3, 4) == [0, 1, 2, 1, 0, 1, 2, 1, 0]
    assert there_and_back(1, 3) == [0, 0, 0]


def test_loads_are_parsed():
    parsed = parse_load("ws:4:30")
    assert (parsed.transport, parsed.sessions, parsed.fps) == ("ws", 4, 30.0)
    for text in ("ws", "ws:1", "udp:1:30", "ws:0:30", "ws:1:0", "ws:x:30", "ws:1:30:2"):
        with pytest.raises(InputError, match="expected --load"):
            parse_load(text)


def test_a_short_load_accounts_for_every_frame(tmp_path):
    out = tmp_path / "load.json"
    loads = ["--load", "http:2:20", "--load", "ws:2:20", "--load", "grpc:2:20"]
    result = run("bench", *loads, "--seconds", 2, "--size", 256, "--json", out)
    assert result.exit_code == 0, result.output
    figures = json.loads(out.read_text())
    assert [row["transport"] for row in figures["loads"]] == ["http", "ws", "grpc"]
    for row in figures["loads"]:
        assert row["sent"] == row["received"] == 80
        assert row["unaccounted"] == 0
        assert row["answered"] + sum(row["dropped"].values()) == 80
    assert figures["engine"]["capacity_fps"] > 0
    assert gc.get_freeze_count() > 50_000  # or one full collection in the middle of a load would stop its senders
    gc.unfreeze()
