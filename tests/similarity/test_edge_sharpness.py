"""Sharpness of edges: compiled and plain agree, blur makes it smaller, contrast is what the frame was made with."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from fluoropose.similarity.edge_sharpness import edge_sharpness, edge_sharpness_twin


@pytest.fixture
def shown():
    v, u = np.mgrid[0:80, 0:80].astype(np.float32)
    return np.asarray(np.clip(18.0 - np.hypot(u - 40.0, v - 38.0), 0.0, 2.0), np.float32)


def test_it_is_its_twin(shown, rng):
    noise = rng.standard_normal(shown.shape).astype(np.float32)
    for seen in (shown, shown + 0.2 * noise, noise, np.zeros_like(shown), np.roll(shown, 3, axis=1)):
        fast, slow = edge_sharpness(seen, shown), edge_sharpness_twin(seen, shown)
        assert (fast.contrast, fast.sharpness) == pytest.approx((slow.contrast, slow.sharpness), abs=2e-3)


def test_a_frame_of_the_object_is_as_sharp_and_as_strong_as_it_was_made(shown):
    found = edge_sharpness(0.6 * shown + 1.0, shown)
    assert (found.contrast, found.sharpness) == pytest.approx((0.6, 1.0), abs=1e-3)


def test_the_more_is_blurred_the_less_sharp_it_is(shown):
    blurred = [edge_sharpness(gaussian_filter(shown, sigma), shown).sharpness for sigma in (0.5, 1.0, 2.0)]
    assert 1.0 > blurred[0] > blurred[1] > blurred[2]
    assert blurred[2] < 0.85


def test_where_nothing_is_seen_it_is_zero(shown):
    assert edge_sharpness(np.zeros_like(shown), shown).sharpness == 0.0


def test_what_is_hidden_does_not_make_edges_unsharp(shown):
    seen, hidden = shown.copy(), np.zeros_like(shown)
    seen[:, 46:], hidden[:, 46:] = gaussian_filter(shown, 3.0)[:, 46:], 1.0
    assert edge_sharpness(seen, shown).sharpness < 0.97
    told, slow = edge_sharpness(seen, shown, hidden), edge_sharpness_twin(seen, shown, hidden)
    assert told.sharpness == pytest.approx(1.0, abs=0.01)
    assert (told.contrast, told.sharpness) == pytest.approx((slow.contrast, slow.sharpness), abs=2e-3)
