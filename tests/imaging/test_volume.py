"""Volumes: placement by hand, cropping, extending, pooling, and what is refused."""

import numpy as np
import pytest

from fluoropose.errors import VolumeError
from fluoropose.imaging.volume import (
    Volume,
    bounding_corners,
    check_volume,
    crop_to_content,
    extend_ends,
    pool_object,
    pool_voxels,
)

AFFINE = np.array([[0.0, -2.0, 0, 5], [1.5, 0, 0, -7], [0, 0, 3.0, 100], [0, 0, 0, 1]])


def ramp():
    return np.arange(60, dtype=np.float32).reshape(3, 4, 5)


def test_spacing_and_centre_by_hand():
    volume = Volume(ramp(), AFFINE)
    np.testing.assert_allclose(volume.spacing_mm, [1.5, 2.0, 3.0])
    # Index (1, 1.5, 2): x = -2 * 1.5 + 5, y = 1.5 * 1 - 7, z = 3 * 2 + 100.
    np.testing.assert_allclose(volume.centre_mm, [2.0, -5.5, 106.0])


def test_cropping_moves_nothing():
    values = np.zeros((9, 8, 7), np.float32)
    values[3:5, 2:6, 4] = 1.0
    whole = Volume(values, AFFINE)
    part = crop_to_content(whole)
    assert part.values.shape == (4, 6, 3)
    np.testing.assert_allclose(bounding_corners(part), bounding_corners(whole))


def test_values_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        Volume(ramp(), AFFINE).values[0, 0, 0] = 1.0


@pytest.mark.parametrize(
    ("values", "affine", "words"),
    [
        (np.zeros((3, 3)), AFFINE, "3 axes"),
        (ramp()[:, :, :1], AFFINE, "at least 2 voxels"),
        (np.full((3, 3, 3), np.nan), AFFINE, "27 voxels of NaN"),
        (np.ones((3, 3, 3)), AFFINE, "one value 1 everywhere"),
        (ramp(), np.diag([0.0, 1, 1, 1]), "spacing must be positive"),
        (ramp(), np.array([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), "independent"),
    ],
    ids=["2-d", "one slice", "nan", "constant", "no spacing", "degenerate"],
)
def test_what_is_not_a_volume_is_refused(values, affine, words):
    with pytest.raises(VolumeError, match=words):
        check_volume(Volume(values, affine))


def test_an_empty_object_cannot_be_cropped():
    with pytest.raises(VolumeError, match="empty volume"):
        crop_to_content(Volume(np.zeros((3, 3, 3)), AFFINE))


def test_a_patient_goes_on_as_its_end_slices_along_the_long_axis(rng):
    affine = np.diag([2.0, 2.0, -4.0, 1.0])
    affine[:3, 3] = [5.0, 6.0, 7.0]
    volume = Volume(rng.random((3, 4, 5)), affine)
    longer = extend_ends(volume, 9.0)
    assert longer.values.shape == (3, 4, 9)
    np.testing.assert_array_equal(longer.values[:, :, 2:7], volume.values)
    np.testing.assert_array_equal(longer.values[:, :, 1], volume.values[:, :, 0])
    np.testing.assert_array_equal(longer.values[:, :, 8], volume.values[:, :, 4])
    np.testing.assert_allclose(longer.centre_mm, volume.centre_mm)


def test_pooled_voxels_are_means_where_they_were(rng):
    affine = np.diag([1.0, 2.0, 3.0, 1.0])
    volume = Volume(rng.random((4, 6, 5)), affine)
    coarse = pool_voxels(volume, (2, 3, 1))
    assert coarse.values.shape == (2, 2, 5)
    np.testing.assert_allclose(coarse.values[1, 0, 4], volume.values[2:4, 0:3, 4].mean(), rtol=1e-6)
    np.testing.assert_allclose(coarse.centre_mm, volume.centre_mm)
    np.testing.assert_allclose(coarse.spacing_mm, [2.0, 6.0, 3.0])
    assert pool_voxels(volume, (1, 1, 1)) is volume


def test_a_volume_that_can_be_one_is_returned_as_it_is():
    volume = Volume(ramp(), AFFINE)
    assert check_volume(volume) is volume


def test_pooling_an_object_keeps_all_of_it_in_its_place():
    values = np.zeros((7, 8, 9), np.float32)
    values[0, 0, 0], values[6, 7, 8], values[3, 4, 4] = 1.0, 2.0, 4.0
    volume = Volume(values, np.diag([1.0, 2.0, 0.5, 1.0]))
    pooled = pool_object(volume, (2, 3, 4))
    np.testing.assert_allclose(pooled.spacing_mm, [2.0, 6.0, 2.0])
    assert pooled.values.sum() * 24 == pytest.approx(7.0)
    # Voxels of 0 surround it, so that a ray through its rim is integrated whole.
    for axis in range(3):
        assert not np.take(pooled.values, [0, -1], axis=axis).any()
    index = np.argwhere(pooled.values == pooled.values.max())[0]
    centre = pooled.lps_from_index[:3, :3] @ index + pooled.lps_from_index[:3, 3]
    assert (np.abs(centre - np.array([3.0, 8.0, 2.0])) <= np.array([1.0, 3.0, 1.0])).all()
    assert pool_object(volume, (1, 1, 1)) is volume
