"""Label maps on other grids than their CT: cropped, flipped, turned, finer, elsewhere."""

import numpy as np
import pytest

from fluoropose.errors import ObjectSelectionError
from fluoropose.geometry.rotation import about_z
from fluoropose.imaging.label_grid import labels_on_grid, same_grid
from fluoropose.imaging.volume import Volume

PLACED = np.array([[2.0, 0, 0, -10], [0, 2.0, 0, 5], [0, 0, 3.0, 40], [0, 0, 0, 1]])
CT = Volume(np.zeros((14, 12, 10), np.float32), PLACED)


def labels():
    values = np.zeros((14, 12, 10), np.float32)
    values[3:9, 4:8, 2:7] = 5
    values[3, 4, 2] = 7
    return values


def shifted(first, steps=(1, 1, 1)):
    """The affine of a grid that begins at a voxel of the CT's and goes by steps, negative ones against it."""
    index = np.diag([*map(float, steps), 1.0])
    index[:3, 3] = first
    return PLACED @ index


def test_a_map_on_the_grid_is_taken_as_it_is():
    given = Volume(labels(), PLACED)
    assert same_grid(given, CT)
    assert labels_on_grid(given, CT) is given


@pytest.mark.parametrize(
    ("values", "placed"),
    [
        (labels()[2:10, 3:9, 1:8], shifted((2, 3, 1))),
        (labels()[::-1], shifted((13, 0, 0), (-1, 1, 1))),
        (labels()[:, ::-1, ::-1], shifted((0, 11, 9), (1, -1, -1))),
        (labels().transpose(2, 0, 1), PLACED @ np.eye(4)[:, [2, 0, 1, 3]]),
        (np.pad(labels(), 3), shifted((-3, -3, -3))),
        (labels().repeat(2, axis=0), shifted((-0.25, 0, 0), (0.5, 1, 1))),
    ],
    ids=["cropped", "flipped", "flipped twice", "axes in another order", "larger", "finer"],
)
def test_a_map_on_another_grid_is_resampled(values, placed):
    given = Volume(values, placed)
    assert not same_grid(given, CT)
    np.testing.assert_array_equal(labels_on_grid(given, CT).values, labels())


def test_a_turned_map_keeps_its_place():
    turn = np.eye(4)
    turn[:3, :3] = about_z(0.3)
    fine = Volume(
        np.zeros((120, 120, 60), np.float32),
        turn @ np.diag([0.5, 0.5, 0.75, 1.0]) + np.array([[0, 0, 0, -20], [0, 0, 0, -10], [0, 0, 0, 30], [0, 0, 0, 0]]),
    )
    index = np.indices(fine.values.shape).reshape(3, -1)
    lps = fine.lps_from_index[:3, :3] @ index + fine.lps_from_index[:3, 3:]
    ball = (((lps.T - [0.0, 16.0, 52.0]) ** 2).sum(axis=1) < 36.0).reshape(fine.values.shape)
    found = labels_on_grid(Volume(ball.astype(np.float32), fine.lps_from_index), CT)
    index = np.argwhere(found.values > 0)
    centre = (index @ PLACED[:3, :3].T + PLACED[:3, 3]).mean(axis=0)
    np.testing.assert_allclose(centre, [0.0, 16.0, 52.0], atol=0.3)
    assert len(index) * 12.0 == pytest.approx(4 / 3 * np.pi * 216, rel=0.1)


def test_a_map_of_another_scan_is_refused():
    with pytest.raises(ObjectSelectionError, match="got one of which 0 % of the labelled voxels are in the CT"):
        labels_on_grid(Volume(labels(), shifted((500, 0, 0))), CT)
