"""The picture of docs/how-to/3d-slicer.md: a service, a bridge and pyigtl in the place of 3D Slicer."""

import runpy
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


def test_the_outline_lies_where_the_received_transform_puts_the_object(shipped_root, tmp_path):
    example = runpy.run_path(str(ROOT / "docs" / "examples" / "slicer.py"))
    away_mm = example["main"](tmp_path / "slicer.png", frames=6)
    assert away_mm < 3.0
    sent, received = np.split(np.asarray(Image.open(tmp_path / "slicer.png")).astype(int), 2, axis=1)
    below_title = slice(30, None)
    differ = (sent[below_title] != received[below_title]).any(axis=-1)
    assert (received[below_title][differ] == example["GREEN"]).all()
    assert differ.sum() > 200


def test_the_page_shows_that_picture_and_how_it_was_made():
    page = (ROOT / "docs" / "how-to" / "3d-slicer.md").read_text()
    assert "../pictures/slicer.webp" in page and "python docs/examples/slicer.py" in page
