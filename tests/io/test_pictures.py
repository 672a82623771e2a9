"""Pictures for documents: grey values, outlines, panels."""

import numpy as np
import pytest
from PIL import Image

from fluoropose.io.pictures import outline, overlay_panels, save_drawing, save_picture, shade


@pytest.fixture
def lines():
    """A square of line integral 1 in an empty picture."""
    picture = np.zeros((40, 60), np.float32)
    picture[10:30, 20:40] = 1.0
    return picture


def test_a_frame_becomes_grey_from_black_to_white(rng):
    pixels = rng.integers(1, 60000, (40, 60)).astype(np.uint16)
    picture = shade(pixels)
    assert picture.shape == (40, 60, 3)
    assert picture.dtype == np.uint8
    assert (picture[..., 0] == picture[..., 1]).all()
    assert (picture.min(), picture.max()) == (0, 255)
    brighter = pixels.ravel().argsort()
    assert (np.diff(picture[..., 0].ravel()[brighter].astype(int)) >= 0).all()


def test_a_thick_body_beside_the_open_beam_is_not_all_black(rng):
    """Counts of 20 to 60 in the body, 3500 beyond it, a rim between: the body has a third of the greys."""
    pixels = np.full((60, 60), 3500.0)
    pixels[:, :40] = 20.0 + np.linspace(0.0, 40.0, 40)
    pixels[:, 38:40] = 900.0
    body = shade(rng.poisson(pixels).astype(np.uint16))[:, :38, 0]
    assert np.ptp(np.percentile(body, [2.0, 98.0])) > 100
    assert 40 < np.median(body) < 180


def test_a_frame_of_one_value_is_no_error():
    assert shade(np.full((4, 5), 7, np.uint8)).shape == (4, 5, 3)


def test_the_outline_is_the_objects_rim_and_not_its_inside(lines):
    found = outline(lines)
    rim = lines > 0
    rim[11:29, 21:39] = False
    assert found[rim].all()
    assert not found[14:26, 24:36].any()
    assert not found[:8].any()


def test_panels_lie_in_a_row_with_their_colours(lines):
    frame = np.full((40, 60), 1000, np.uint16)
    mark = outline(lines)
    picture = overlay_panels(frame, [("plain", []), ("found", [(mark, (0, 255, 0))])])
    assert picture.shape == (40, 120, 3)
    right = picture[:, 60:]
    assert (right[29, 20:40] == (0, 255, 0)).all()
    assert not (picture[29, 20:40] == (0, 255, 0)).all(axis=-1).any()


def test_a_saved_picture_comes_back(tmp_path, rng):
    picture = rng.integers(0, 256, (6, 7, 3)).astype(np.uint8)
    save_picture(tmp_path / "new" / "picture.png", picture)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "new" / "picture.png")), picture)


def test_a_photograph_is_small_as_webp_and_looks_the_same(tmp_path, rng):
    columns = np.linspace(40, 200, 160)[None] + rng.normal(0, 4, (120, 160))
    picture = np.repeat(columns.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
    for ending in ("png", "webp"):
        save_picture(tmp_path / f"picture.{ending}", picture)
    back = np.asarray(Image.open(tmp_path / "picture.webp").convert("RGB")).astype(int)
    assert np.abs(back - picture).mean() < 4
    assert 3 * (tmp_path / "picture.webp").stat().st_size < (tmp_path / "picture.png").stat().st_size


@pytest.mark.parametrize("ending", ["png", "webp"])
def test_a_drawing_keeps_its_colours(tmp_path, ending):
    plot = Image.new("RGBA", (200, 100), (255, 255, 255, 255))
    plot.paste((31, 119, 180, 255), (20, 40, 180, 60))
    save_drawing(tmp_path / f"plot.{ending}", lambda part: plot.save(part, format="PNG"))
    back = Image.open(tmp_path / f"plot.{ending}")
    assert (back.size, back.mode) == ((200, 100), "P" if ending == "png" else "RGB")
    found = np.asarray(back.convert("RGB")).astype(int)
    np.testing.assert_allclose(found[50, 100], (31, 119, 180), atol=3)
    np.testing.assert_allclose(found[10, 10], 255, atol=3)
