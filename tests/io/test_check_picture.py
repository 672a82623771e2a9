"""The doctor's pictures: slices in proportion, shadows, frames of bounded size."""

import numpy as np

from fluoropose.imaging.volume import Volume
from fluoropose.io.check_picture import frame_picture, shadow_picture, slice_picture


def test_slices_keep_the_proportions_of_the_patient():
    values = np.full((20, 20, 40), -1000.0, np.float32)
    values[5:15, 5:15, 20:] = 1000.0
    picture = slice_picture(Volume(values, np.diag([1.0, 1.0, 2.0, 1.0])))
    assert picture.shape == (320, 960, 3)
    # Across the first axis: a quarter as wide as high, and the bright part above.
    columns = np.flatnonzero(picture[:, :320].any(axis=(0, 2)))
    assert np.ptp(columns) < 80
    assert picture[:160, :320].mean() > picture[160:, :320].mean()


def test_a_shadow_is_bright_where_the_object_is():
    values = np.zeros((10, 10, 10), np.float32)
    values[3:7, 3:7, 3:7] = 1.0
    picture = shadow_picture(Volume(values, np.eye(4)))
    assert picture[160, 160, 0] == 255
    assert picture[5, 5, 0] == 0


def test_a_frame_is_thinned_and_stretched():
    picture = frame_picture(np.arange(3000 * 2000, dtype=np.float32).reshape(3000, 2000))
    assert picture.shape == (1000, 667, 3)
    assert (picture.min(), picture.max()) == (0, 255)
