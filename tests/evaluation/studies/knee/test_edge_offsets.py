"""Offsets of edges: a straight edge at a known place, whatever its contrast is; none where there is none."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from fluoropose.evaluation.studies.knee.edge_offsets import PROFILE_PX, measure_offsets, profiles

ALONG = np.array([[1.0, 0.0]])


def straight_edge(column, dark=60.0, bright=120.0):
    """Return a picture that turns bright at a column, exact within its pixels, blurred."""
    fine = (np.arange(640) + 0.5) / 16 - 0.5
    row = np.where(fine < column, dark, bright).reshape(40, 16).mean(axis=1)
    return gaussian_filter(np.tile(row, (40, 1)), [0.0, 1.2])


@pytest.mark.parametrize("column", [19.0, 20.3, 21.75])
@pytest.mark.parametrize("bright", [80.0, 240.0])
def test_an_edge_is_found_where_it_is(column, bright):
    found = measure_offsets(straight_edge(column, bright=bright), np.array([[20.0, 20.0]]), ALONG, 4.0)
    assert found.found.all()
    assert found.offsets_px[0] == pytest.approx(column - 20.0, abs=0.05)


def test_no_edge_is_found_beyond_the_reach_nor_where_it_darkens():
    picture, point = straight_edge(24.0), np.array([[20.0, 20.0]])
    assert not measure_offsets(picture, point, ALONG, 2.0).found.any()
    assert not measure_offsets(-picture, point, ALONG, 6.0).found.any()
    assert not measure_offsets(np.full((40, 40), 9.0), point, ALONG, 6.0).found.any()


def test_a_profile_goes_outwards():
    sampled = profiles(np.tile(np.arange(40.0), (40, 1)), np.array([[20.0, 20.0]]), -ALONG)
    np.testing.assert_allclose(sampled[0], 20.0 - PROFILE_PX)
