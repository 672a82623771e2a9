"""What a volume's numbers may be: voxels, sides, and values that stand for nothing."""

import numpy as np
import pytest

from fluoropose.errors import VolumeError
from fluoropose.imaging.volume import Volume
from fluoropose.imaging.volume_limits import AIR_HU, check_anatomy, check_shape, fill_background


def test_axes_of_one_at_the_end_are_left_out():
    assert check_shape((4, 5, 6, 1, 1), "a.nii") == (4, 5, 6)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((4, 5), "got 2 axes of 4 x 5"),
        ((4, 5, 6, 2), "got 4 axes of 4 x 5 x 6 x 2"),
        ((2**15, 2**15, 2), "at most 1,073,741,824 voxels in a.nii, got 32768 x 32768 x 2"),
        ((0, 5, 6), "got 0 x 5 x 6"),
    ],
)
def test_other_shapes_are_refused(shape, words):
    with pytest.raises(VolumeError, match=words):
        check_shape(shape, "a.nii")


def box(side_mm):
    return Volume(np.arange(8, dtype=np.float32).reshape(2, 2, 2), np.diag([*np.array(side_mm) / 2, 1.0]))


def test_sizes_of_bodies_pass():
    for sides in ((3.0, 3.0, 3.0), (20.0, 20.0, 40.0)):
        assert check_anatomy(box(sides), "a.nii").values.shape == (2, 2, 2)


@pytest.mark.parametrize(
    ("sides_mm", "words"),
    [
        ((0.3, 0.3, 0.4), "got 0.3 x 0.3 x 0.4 mm with voxels of .* mm: is it in metres"),
        ((3e5, 3e5, 4e5), "is it in micrometres"),
        ((100.0, 100.0, 100.0), "got 100 x 100 x 100 mm with voxels of 50 x 50 x 50 mm$"),
        ((10.0, 10.0, 0.001), "voxels of 5 x 5 x 0.0005 mm"),
    ],
)
def test_sizes_of_nothing_are_refused_with_a_guess_of_the_unit(sides_mm, words):
    with pytest.raises(VolumeError, match=words):
        check_anatomy(box(sides_mm), "a.nii")


def test_values_without_nan_are_kept():
    values = np.zeros((3, 3, 3), np.float32)
    kept, found = fill_background(values, "a.nii")
    assert kept is values
    assert found == ()


@pytest.mark.parametrize(("inside", "background"), [(900.0, AIR_HU), (0.05, 0.0)])
def test_nan_around_values_is_what_surrounds_them(inside, background):
    values = np.full((5, 5, 5), np.nan, np.float32)
    values[1:4, 1:4, 1:4] = inside
    filled, found = fill_background(values, "a.nii")
    assert filled[0, 0, 0] == background
    assert filled[2, 2, 2] == np.float32(inside)
    assert [one.code for one in found] == ["nan-background"]


def test_nan_inside_an_object_is_refused():
    values = np.zeros((5, 5, 5), np.float32)
    values[2, 2, 2] = values[0, 0, 0] = np.nan
    with pytest.raises(VolumeError, match="got 1 voxels of NaN inside the object"):
        fill_background(values, "a.nii")
    with pytest.raises(VolumeError, match="NaN in every voxel"):
        fill_background(np.full((2, 2, 2), np.nan, np.float32), "a.nii")
