"""Matched edges: compiled and plain agree; what covers a part costs that part; a wrong pose matches little."""

import numpy as np
import pytest

from fluoropose.similarity.matched_edges import matched_edges, matched_edges_twin


def lattice(shift=0.0):
    """Return a picture with edges everywhere: soft rings about two places."""
    v, u = np.mgrid[0:96, 0:96].astype(np.float32)
    first, second = np.hypot(v - 30.0, u - 30.0 - shift), np.hypot(v - 70.0, u - 60.0 - shift)
    return (1.0 + np.sin(0.5 * first) * np.exp(-first / 40.0) + np.cos(0.4 * second)).astype(np.float32)


def test_it_is_its_twin(rng):
    noise = rng.standard_normal((96, 96)).astype(np.float32)
    empty = np.zeros_like(noise)
    for frame in (lattice(), lattice(2.0), lattice() + 0.2 * noise, noise, empty):
        for alone in (lattice(), empty):
            found, wanted = (one(frame, lattice(), alone) for one in (matched_edges, matched_edges_twin))
            assert (found.seen, found.matched) == pytest.approx((wanted.seen, wanted.matched), abs=1e-3)


def test_the_same_picture_is_wholly_seen_and_matched():
    found = matched_edges(0.7 * lattice() + 3.0, lattice(), lattice())
    assert (found.seen, found.matched) == pytest.approx((1.0, 1.0))


def test_a_cover_costs_the_share_that_it_hides(rng):
    frame = lattice()
    frame[:, 48:] = rng.standard_normal((96, 48))
    found = matched_edges(frame, lattice(), lattice())
    assert found.seen == pytest.approx(0.5, abs=0.1)
    assert found.matched == pytest.approx(found.seen, abs=0.1)


def test_a_wrong_place_matches_little():
    found = matched_edges(lattice(6.0), lattice(), lattice())
    assert found.matched < 0.15


def test_what_is_known_around_the_object_is_no_difference():
    around = np.zeros((96, 96), np.float32)
    around[40:60, 20:80] = 2.0
    with_it = matched_edges(lattice() + around, lattice() + around, lattice())
    without = matched_edges(lattice() + around, lattice(), lattice())
    assert with_it.matched == pytest.approx(1.0)
    assert without.matched < with_it.matched - 0.05


def test_hidden_edges_are_not_seen_and_what_is_shown_beside_them_matches(rng):
    """The rim of what is hidden runs through neighbourhoods, whose shown pixels still match."""
    frame, hidden = lattice(), np.zeros((96, 96), np.float32)
    frame[:, 43:], hidden[:, 43:] = rng.standard_normal((96, 53)), 1.0
    told, untold = matched_edges(frame, lattice(), lattice(), hidden), matched_edges(frame, lattice(), lattice())
    assert untold.matched < told.matched < 0.55
    assert told.seen == told.matched
    wanted = matched_edges_twin(frame, lattice(), lattice(), hidden)
    assert (told.seen, told.matched) == pytest.approx((wanted.seen, wanted.matched), abs=1e-3)
    assert matched_edges(frame, lattice(), lattice(), np.ones_like(hidden)).seen == 0.0
