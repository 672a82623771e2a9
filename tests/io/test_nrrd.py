"""NRRD: its world frames, and files without a placement."""

import nrrd
import numpy as np
import pytest

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
