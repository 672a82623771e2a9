"""Fields, burnt-in marks and clipped pixels are left out of comparison; plain frames are left as they are."""

import numpy as np
import pytest

from fluoropose.imaging.usable_pixels import (
    binned_mask,
    fill_unseen,
    marks_in,
    saturated_share,
    usable_pixels,
)
from fluoropose.imaging.xray import PixelMeaning

V, U = np.mgrid[0:256, 0:256]
ROUND = np.hypot(V - 120.0, U - 130.0) < 110.0
LEAVES = (V > 40) & (V < 200) & (U > 30) & (U < 230)


@pytest.fixture
def plain(rng):
    """Tissue that is brighter at one side, an object, noise: nothing is clipped."""
    shown = 20000.0 + 60.0 * U - 9000.0 * (np.hypot(V - 128.0, U - 120.0) < 40.0)
    return np.asarray(shown + 300.0 * rng.standard_normal(shown.shape), np.uint16)


def test_a_frame_without_a_field_is_used_whole(plain):
    assert usable_pixels(plain).seen is usable_pixels(plain).compared is None
    assert usable_pixels(plain.astype(np.float32)).compared is None


def test_marks_are_found_and_an_open_beam_is_none(plain):
    marked = plain.copy()
    marked[20:34, 30:33] = marked[20:23, 30:44] = 65535
    found = usable_pixels(marked)
    assert not found.seen[20:34, 30:33].any()
    assert found.seen[60:].all()
    bright = np.where(U > 200, 65535, plain)
    assert marks_in(bright, bright == 65535) is None


def test_clipped_pixels_are_seen_but_not_compared(plain):
    clipped = np.minimum(plain, 32767)
    found = usable_pixels(clipped)
    assert found.seen is None
    np.testing.assert_array_equal(found.compared, clipped < 32767)
    assert saturated_share(clipped) == pytest.approx((clipped == 32767).mean())
    assert usable_pixels(np.minimum(plain, 30000)).compared is None
    np.testing.assert_array_equal(usable_pixels(clipped, 2).compared, binned_mask(clipped < 32767, 2))
    assert saturated_share(plain.astype(np.float32)) == 0.0
    assert saturated_share(np.where(ROUND, plain, 0).astype(np.uint16)) == pytest.approx((~ROUND).mean(), abs=1e-3)


def test_a_mask_that_is_given_replaces_the_search(plain):
    found = usable_pixels(np.where(ROUND, plain, 1500).astype(np.uint16), given=LEAVES)
    np.testing.assert_array_equal(found.seen, LEAVES)
    assert usable_pixels(plain, meaning=PixelMeaning.LINE_INTEGRAL).seen is None


def test_what_is_not_seen_goes_on_with_what_is_seen_beside_it(plain):
    image = plain.astype(np.float32)
    filled = fill_unseen(image.copy(), ROUND)
    np.testing.assert_array_equal(filled[ROUND], image[ROUND])
    assert filled[120, 255] == image[120, 239]
    assert filled[120, 0] == image[120, 21]
    rows = np.flatnonzero(ROUND.any(axis=1))
    np.testing.assert_array_equal(filled[0], filled[rows[0]])
    np.testing.assert_array_equal(filled[255], filled[rows[-1]])
    hole = np.ones((4, 6), bool)
    hole[2, 2:4] = False
    assert fill_unseen(np.arange(24, dtype=np.float32).reshape(4, 6), hole)[2].tolist() == [12, 13, 13, 13, 16, 17]
    nothing = np.zeros((4, 6), bool)
    assert not fill_unseen(np.zeros((4, 6), np.float32), nothing).any()


def test_a_binned_pixel_is_usable_if_all_of_it_is():
    mask = np.ones((5, 6), bool)
    mask[1, 3] = False
    np.testing.assert_array_equal(binned_mask(mask, 2), [[True, False, True], [True, True, True]])
    assert binned_mask(mask, 1) is mask
