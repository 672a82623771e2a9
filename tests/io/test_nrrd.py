"""NRRD: its world frames, and files without a placement."""

import nrrd
import numpy as np
import pytest

from fluoropose.errors import VolumeError
from fluoropose.io.nrrd import read_nrrd


@pytest.mark.parametrize(
    ("space", "signs"), [("left-posterior-superior", (1, 1, 1)), ("right-anterior-superior", (-1, -1, 1))]
)
def test_nrrd_in_both_frames(tmp_path, volume, space, signs):
    turned = np.diag(signs) @ volume.lps_from_index[:3]
    header = {"space": space, "space directions": turned[:, :3].T, "space origin": turned[:, 3]}
    nrrd.write(str(tmp_path / "v.nrrd"), volume.values, header)
    found = read_nrrd(tmp_path / "v.nrrd")
    np.testing.assert_allclose(found.lps_from_index, volume.lps_from_index, atol=1e-9)
    np.testing.assert_allclose(found.values, volume.values)


def test_left_anterior_superior_changes_the_sign_of_y(tmp_path, volume):
    turned = np.diag([1, -1, 1]) @ volume.lps_from_index[:3]
    header = {"space": "LAS", "space directions": turned[:, :3].T, "space origin": turned[:, 3]}
    nrrd.write(str(tmp_path / "v.nrrd"), volume.values, header)
    np.testing.assert_allclose(read_nrrd(tmp_path / "v.nrrd").lps_from_index, volume.lps_from_index, atol=1e-9)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({}, "got none"),
        ({"space": "scanner-xyz", "space directions": np.eye(3), "space origin": np.zeros(3)}, "got scanner-xyz"),
    ],
)
def test_a_file_without_a_known_placement_is_refused(tmp_path, volume, header, words):
    nrrd.write(str(tmp_path / "v.nrrd"), volume.values, header)
    with pytest.raises(VolumeError, match=f"LPS, RAS or LAS with directions, {words}"):
        read_nrrd(tmp_path / "v.nrrd")
