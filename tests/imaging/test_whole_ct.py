"""Whole CTs are told from single objects, and list what is in them."""

import numpy as np
import pytest

from fluoropose.imaging.volume import Volume
from fluoropose.imaging.whole_ct import is_whole_ct, list_labels, list_tissues

PLACED = np.diag([2.0, 2.0, 2.0, 1.0])


def body(rng=None):
    """Return a body of 60 x 60 x 60 voxels of 2 mm in air: fat round muscle, two bones, one with metal in it."""
    hu = np.full((60, 60, 60), -1000.0)
    hu[5:55, 5:55] = -100.0
    hu[8:52, 8:52] = 50.0
    hu[15:25, 15:25, 10:50] = 900.0
    hu[35:45, 35:45, 20:40] = 900.0
    hu[38:42, 38:42, 20:40] = 3000.0
    return Volume(hu if rng is None else hu + rng.normal(0.0, 15.0, hu.shape), PLACED)


def bone(outside):
    """Return a bone with 40 % marrow and `outside` around it."""
    hu = np.full((60, 60, 60), outside)
    hu[20:40, 20:40, 10:50] = 900.0
    hu[23:37, 23:37, 12:48] = 30.0
    return Volume(hu, PLACED)


def test_a_body_is_a_whole_ct(rng):
    assert is_whole_ct(body())
    assert is_whole_ct(body(rng))


def test_a_body_that_was_cropped_until_no_air_was_left_is_one_too():
    assert is_whole_ct(Volume(body().values[10:50, 10:50], PLACED))


def test_little_flesh_around_a_bone_is_enough():
    # A finger: 8 mm of flesh round a bone of 40 mm.
    hu = np.array(bone(-1000.0).values)
    flesh = np.zeros(hu.shape, dtype=bool)
    flesh[16:44, 16:44] = True
    assert is_whole_ct(Volume(np.where(flesh & (hu == -1000.0), 50.0, hu), PLACED))


@pytest.mark.parametrize("outside", [-1000.0, -1024.0, 0.0, -3024.0])
def test_a_bone_with_its_marrow_in_air_or_zeros_is_one_object(outside):
    assert not is_whole_ct(bone(outside))


def test_a_bone_in_noisy_air_is_one_object(rng):
    volume = bone(-1000.0)
    assert not is_whole_ct(Volume(volume.values + rng.normal(0.0, 25.0, volume.values.shape), PLACED))


def test_nothing_but_air_is_no_body():
    assert not is_whole_ct(Volume(np.linspace(-1020, -980, 512).reshape(8, 8, 8), PLACED))


def test_a_large_body_is_told_by_some_of_its_voxels():
    values = np.repeat(np.repeat(np.repeat(body().values, 3, 0), 3, 1), 3, 2)
    assert is_whole_ct(Volume(values, np.diag([0.67, 0.67, 0.67, 1.0])))


def test_bone_and_metal_are_listed_with_volume_parts_and_size():
    # Bones of 4000 and 2000 voxels of 8 mm3, the metal's 320 among them; 20 x 20 x 80 mm and 8 x 8 x 40 mm.
    assert list_tissues(body()) == [
        "bone: HU 250 and above, 48 cm3 in 2 parts, the largest 85 mm",
        "metal: HU 2500 and above, 2.6 cm3 in 1 part, the largest 42 mm",
    ]


def test_specks_of_noise_are_neither_parts_nor_tissues():
    hu = np.array(body().values)
    hu[hu > 2000] = 900.0
    hu[0, 0, 0] = 3000.0
    assert list_tissues(Volume(hu, PLACED)) == ["bone: HU 250 and above, 48 cm3 in 2 parts, the largest 85 mm"]


def test_every_label_is_listed_with_its_volume():
    values = np.zeros((10, 10, 10))
    values.ravel()[:100] = np.arange(1, 101)
    listed = list_labels(Volume(values, np.diag([10.0, 10.0, 10.0, 1.0])))
    assert len(listed) == 100
    assert listed[-1] == "label 100: 1 cm3"
