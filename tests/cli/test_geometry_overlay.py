"""The overlay of `geometry convert`: every kind draws the object where the camera it was written from does."""

import json

import numpy as np
import pytest
from PIL import Image

from fluoropose.geometry.conversion.convert import GEOMETRY_KINDS, write_geometry
from support.commands import refused, run
from support.geometries import c_arm_geometry
from support.pictures import require_like


@pytest.fixture
def given(files, cases_root):
    """The options that an overlay needs, and the camera's file."""
    (files / "source.json").write_text(json.dumps(write_geometry(c_arm_geometry(), "c_arm", {}).fields))
    words = ["--case", cases_root / "small", "--pose", files / "pose.json", "--frame", files / "frame.npy"]
    return files / "source.json", words


@pytest.mark.parametrize("kind", GEOMETRY_KINDS)
def test_every_kind_is_seen_on_a_frame(tmp_path, given, kind):
    source, words = given
    for to in (kind, "c_arm"):
        done = run("geometry", "convert", source, "--to", to, "--overlay", tmp_path / f"{to}.png", *words)
        assert done.exit_code == 0, done.output
    require_like((tmp_path / f"{kind}.png").read_bytes(), (tmp_path / "c_arm.png").read_bytes())


@pytest.mark.parametrize("kind", GEOMETRY_KINDS)
def test_every_kind_is_a_camera_of_render(tmp_path, given, cases_root, kind):
    """What `geometry convert` writes is what `--camera` takes."""
    source, _ = given
    end = ".txt" if kind.startswith("mayacam") else ".json"
    assert run("geometry", "convert", source, "--to", kind, "--out", tmp_path / f"camera{end}").exit_code == 0
    pictures = []
    for camera in (source, tmp_path / f"camera{end}"):
        words = ["--camera", camera, "--pose", source.parent / "pose.json", "--out", tmp_path / "drr.npy"]
        done = run("render", cases_root / "small", *words)
        assert done.exit_code == 0, done.output
        pictures.append(np.load(tmp_path / "drr.npy"))
    assert pictures[0].shape == (96, 128)
    np.testing.assert_allclose(pictures[1], pictures[0], atol=0.02)


def test_the_outline_is_green_about_the_object(tmp_path, given):
    source, words = given
    assert run("geometry", "convert", source, "--overlay", tmp_path / "a.png", *words).exit_code == 0
    red, green, _ = np.asarray(Image.open(tmp_path / "a.png"), int).transpose(2, 0, 1)
    rows, columns = np.nonzero(green - red > 60)
    assert 40 < rows.mean() < 56 and 50 < columns.mean() < 80


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--overlay", "a.png"], "expected --overlay, --case, --pose and --frame together, got no --case, --pose"),
        (["--frame", "a.npy"], "got no --overlay, --case, --pose"),
    ],
)
def test_all_or_none(given, change, message):
    refused(run("geometry", "convert", given[0], *change), message)


def test_what_cannot_be_drawn(tmp_path, given):
    source, words = given
    refused(run("geometry", "convert", source, *words, "--overlay", "a.gif"), "expected --overlay as .png, got a.gif")
    np.save(tmp_path / "small.npy", np.zeros((8, 8), np.uint16))
    words = [*words[:-1], tmp_path / "small.npy", "--overlay", tmp_path / "b.png"]
    refused(run("geometry", "convert", source, *words), "expected 96 x 128")
    refused(run("geometry", "convert", source, *words, "--pixel-meaning", "x"), "expected --pixel-meaning intensity")
    assert not (tmp_path / "b.png").exists()
