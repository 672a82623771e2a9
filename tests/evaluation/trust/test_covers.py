"""Covers hide the share of an object that is asked for."""

import numpy as np
import pytest

from fluoropose.evaluation.trust.covers import (
    blade_cover,
    circle_cover,
    field_cover,
    instrument_cover,
    plate_cover,
    silhouette,
)


@pytest.fixture
def mask():
    found = np.zeros((120, 160), bool)
    found[40:90, 50:110] = True
    found[60:70, 60:80] = False
    return found


@pytest.mark.parametrize("cover", [blade_cover, circle_cover, field_cover, instrument_cover, plate_cover])
@pytest.mark.parametrize("share", [0.1, 0.35, 0.6])
def test_a_cover_hides_the_wanted_share(cover, share, mask):
    for seed in range(5):
        made = cover(mask, share, np.random.default_rng(seed))
        assert made.visible_share(mask) == pytest.approx(1.0 - share, abs=0.03)
        assert (made.lines[~made.hidden] == 0.0).all()
        assert (made.lines[made.hidden] > 0.0).mean() > 0.98


def test_beyond_a_field_all_is_dark(mask):
    made = circle_cover(mask, 0.3, np.random.default_rng(0))
    assert made.hidden[0, 0] and made.hidden[-1, -1]
    assert made.lines[0, 0] > 4.0


def test_without_an_object_in_the_picture_nothing_is_hidden():
    nothing = np.zeros((20, 20), bool)
    assert not blade_cover(nothing, 0.5, np.random.default_rng(0)).hidden.any()


def test_a_silhouette_is_what_attenuates():
    lines = np.zeros((10, 10))
    assert not silhouette(lines).any()
    lines[2:5, 2:5], lines[7, 7] = 2.0, 0.01
    assert silhouette(lines).sum() == 9
