"""MayaCam files: what is in one, and what is said of one that is none."""

import numpy as np
import pytest

from fluoropose.errors import InputError
from fluoropose.evaluation.studies.mayacam import read_mayacam

TEXT = """image size
640,480

camera matrix
2000,0,310.5
0,2010,240
0,0,1

rotation
1,0,0
0,0,-1
0,1,0

translation
1.5
-2
900
"""


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n\n", "\n"), TEXT.replace("\n", "\r\n")])
def test_the_blocks_are_read(tmp_path, text):
    (tmp_path / "cam.txt").write_text(text, newline="")
    placed = read_mayacam(tmp_path / "cam.txt")
    assert (placed.camera.columns, placed.camera.rows) == (640, 480)
    np.testing.assert_allclose(placed.camera.intrinsic_matrix, [[2000, 0, 310.5], [0, 2010, 240], [0, 0, 1]])
    np.testing.assert_allclose(placed.camera_from_world[:3], [[1, 0, 0, 1.5], [0, 0, -1, -2], [0, 1, 0, 900]])


@pytest.mark.parametrize("text", ["", TEXT.replace("2000", "wide"), TEXT[: TEXT.index("translation")]])
def test_another_file_is_refused_with_its_name(tmp_path, text):
    (tmp_path / "cam.txt").write_text(text)
    with pytest.raises(InputError, match=r"expected a MayaCam 2\.0 file in cam\.txt"):
        read_mayacam(tmp_path / "cam.txt")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"cam\.txt"):
        read_mayacam(tmp_path / "cam.txt")
