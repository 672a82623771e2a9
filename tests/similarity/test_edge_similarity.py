"""Edge similarity: compiled and plain agree, the object is like itself, what surrounds it does not count."""

import numpy as np
import pytest

from fluoropose.similarity.edge_similarity import edge_similarity, edge_similarity_twin


def block(shift=0, turned=False):
    """Return a picture of a soft-edged bar and a disc."""
    v, u = np.mgrid[0:96, 0:96].astype(np.float32)
    u = u - shift
    bar = np.clip(12.0 - np.abs(u - 40.0), 0.0, 3.0) * np.clip(30.0 - np.abs(v - 50.0), 0.0, 3.0) / 9.0
    disc = np.clip(10.0 - np.hypot(u - 62.0, v - 30.0), 0.0, 3.0) / 3.0
    image = bar + 0.7 * disc
    return np.ascontiguousarray(image.T if turned else image, np.float32)


def test_it_is_its_twin_near_the_object_beside_it_on_noise_and_where_nothing_is(rng):
    noise = rng.standard_normal((96, 96)).astype(np.float32)
    for seen in (block(), block(4), block(30), block() + noise, noise, np.zeros_like(noise)):
        for shown in (block(), block(turned=True)):
            np.testing.assert_allclose(edge_similarity(seen, shown), edge_similarity_twin(seen, shown), atol=1e-4)


def test_with_surroundings_it_is_its_twin_too(rng):
    besides = block(10, turned=True)
    noise = 0.1 * rng.standard_normal((96, 96)).astype(np.float32)
    for seen in (block() + besides, besides + noise, block() + noise, np.zeros_like(noise)):
        found, wanted = (one(seen, block(), besides) for one in (edge_similarity, edge_similarity_twin))
        np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_the_object_is_like_itself_and_unlike_another_place_or_noise(rng):
    noise = rng.standard_normal((96, 96)).astype(np.float32)
    assert edge_similarity(block(), block()) == pytest.approx(1.0, abs=1e-4)
    assert edge_similarity(-block(), block()) == pytest.approx(-1.0, abs=1e-4)
    assert edge_similarity(block(25), block()) < 0.4
    assert abs(edge_similarity(noise, block())) < 0.3
    assert edge_similarity(np.zeros_like(noise), block()) == 0.0


def test_gain_and_shading_hardly_matter():
    ramp = np.linspace(0.0, 0.5, 96, dtype=np.float32)
    assert abs(edge_similarity(0.6 * block() + ramp, block()) - 1.0) < 0.05


def test_what_the_surroundings_explain_counts_for_nothing():
    """A frame of the surroundings alone, which look like the object, is like it without them and not beside them."""
    besides = block(2) + 0.3 * block(turned=True)
    assert edge_similarity(besides, block()) > 0.6
    assert abs(edge_similarity(besides, block(), besides)) < 1e-3
    assert edge_similarity(besides + block(), block(), besides) > 0.95
    assert edge_similarity(block(), block(), np.zeros_like(besides)) == pytest.approx(1.0, abs=1e-4)


def test_what_is_hidden_counts_neither_for_nor_against(rng):
    """A frame whose right half shows something else is like the object where it is shown, and is its twin there."""
    seen, hidden = block(), np.zeros((96, 96), np.float32)
    seen[:, 48:], hidden[:, 48:] = 0.0, 1.0
    assert edge_similarity(seen, block()) < 0.9
    assert edge_similarity(seen, block(), hidden=hidden) == pytest.approx(1.0, abs=5e-3)
    noise = rng.standard_normal((96, 96)).astype(np.float32)
    for besides in (None, block(10, turned=True)):
        for frame in (seen, seen + 0.3 * noise):
            found, wanted = (
                one(frame, block(), besides, hidden=hidden) for one in (edge_similarity, edge_similarity_twin)
            )
            np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert edge_similarity(block(), block(), hidden=np.ones_like(hidden)) == 0.0
    assert edge_similarity_twin(block(), block(), hidden=np.ones_like(hidden)) == 0.0
