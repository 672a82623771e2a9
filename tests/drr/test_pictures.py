"""Pictures on the host alone."""

import numpy as np

from fluoropose.drr.pictures import MOST_STORED, ViewPictures


def test_pictures_on_the_host_are_on_no_device():
    host = np.ones((3, 2, 2), np.float16)
    pictures = ViewPictures(host)
    pictures.send([0, 2])
    assert pictures.host is host
    assert (pictures.address, pictures.device_bytes) == (None, 0)


def test_the_largest_line_integral_is_one_that_a_half_holds():
    assert np.isfinite(np.float16(MOST_STORED))
    with np.errstate(over="ignore"):
        assert not np.isfinite(np.float16(1.1 * MOST_STORED))
