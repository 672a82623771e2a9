"""Emptiness: air, zeros around what was cut out, and the surroundings of an object."""

import numpy as np
import pytest

from fluoropose.imaging.attenuation import WATER_PER_MM
from fluoropose.imaging.empty_space import attenuation_of, filled_share, is_clean
from fluoropose.imaging.volume import Volume

PLACED = np.diag([2.0, 2.0, 2.0, 1.0])


def cube(outside, inside=700.0):
    """Return 40 x 40 x 40 voxels of 2 mm with a cube of 10 voxels in their middle."""
    values = np.full((40, 40, 40), outside, np.float32)
    values[15:25, 15:25, 15:25] = inside
    return Volume(values, PLACED)


def cube_mask():
    return cube(0.0, 1.0).values > 0


def test_zeros_around_what_was_cut_out_are_empty_and_not_water():
    volume = cube(0.0)
    volume = Volume(
        np.where(np.arange(64000).reshape(40, 40, 40) == 20 * 1600 + 20 * 40 + 20, 0.0, volume.values), PLACED
    )
    attenuation = attenuation_of(volume)
    assert attenuation.values[0, 0, 0] == 0.0
    # A voxel of 0 HU inside is water: it cannot be reached from the faces.
    np.testing.assert_allclose(attenuation.values[20, 20, 20], WATER_PER_MM)
    np.testing.assert_allclose(attenuation.values[16, 16, 16], 1.7 * WATER_PER_MM)


def test_water_with_the_noise_of_a_scan_stays_water(rng):
    noisy = Volume(np.round(rng.normal(0.0, 15.0, (40, 40, 40))), PLACED)
    np.testing.assert_allclose(attenuation_of(noisy).values.mean(), WATER_PER_MM, rtol=0.01)


def test_given_attenuation_is_taken_as_it_is_but_never_below_nothing():
    values = attenuation_of(cube(-0.01, 0.2), given=True).values
    np.testing.assert_allclose([values.min(), values.max()], [0.0, 0.2])


@pytest.mark.parametrize(("outside", "share"), [(-1000.0, 0.0), (-920.0, 0.0), (-850.0, 1.0), (40.0, 1.0)])
def test_air_and_foam_are_empty_and_lung_and_tissue_are_not(outside, share):
    assert filled_share(attenuation_of(cube(outside)), cube_mask()) == share


def test_what_lies_in_the_rim_in_a_hollow_or_far_away_is_not_around():
    values = np.full((40, 40, 40), -1000.0, np.float32)
    values[14:26, 14:26, 14:26] = -500.0  # the blurred surface
    values[15:25, 15:25, 15:25] = 700.0
    values[18:22, 18:22, 18:22] = 0.0  # marrow
    values[:, :, 37:] = 50.0  # a table, 22 mm away
    assert filled_share(attenuation_of(Volume(values, PLACED)), values == 700.0) == 0.0


def test_a_neighbour_counts_by_its_share():
    values = np.array(cube(-1000.0).values)
    values[:, :, 27:] = 50.0
    # The rim ends at voxel 26 and the surroundings at 31: they fill 24^3 less 14^3, and 24 x 24 x 5 of them are tissue.
    share = filled_share(attenuation_of(Volume(values, PLACED)), cube_mask())
    assert share == pytest.approx(24 * 24 * 5 / (24**3 - 14**3))


def test_a_volume_that_the_object_fills_has_no_surroundings():
    assert filled_share(attenuation_of(cube(40.0)), np.ones((40, 40, 40), dtype=bool)) == 0.0


def test_a_scan_is_not_clean_and_what_was_voxelised_is(rng):
    assert is_clean(attenuation_of(cube(0.0, 0.2), given=True))
    assert is_clean(attenuation_of(cube(-1000.0)))
    assert not is_clean(attenuation_of(Volume(rng.normal(-1000.0, 20.0, (40, 40, 40)), PLACED)))
