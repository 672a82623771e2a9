"""Appearance: frames that keep to their range, repeat, and show less synthetic anatomy in a body."""

import numpy as np

from fluoropose.train.appearance import apply_appearance, draw_appearance


def test_an_appearance_keeps_to_its_range_and_repeats(bank):
    objects = -np.log1p(-np.ascontiguousarray(bank.images[:8, :128, :128]))
    frames = [apply_appearance(objects, draw_appearance(np.random.default_rng(5), 8, 128)) for _ in range(2)]
    np.testing.assert_array_equal(*frames)
    assert np.isfinite(frames[0]).all()
    assert frames[0].min() > -1.0
    assert frames[0].max() < 15.0
    plain = apply_appearance(objects, draw_appearance(np.random.default_rng(5), 8, 128, strength=0.0))
    for frame, lines in zip(plain, objects, strict=True):
        assert np.corrcoef(frame.ravel(), lines.ravel())[0, 1] > 0.5


def test_in_a_body_less_anatomy_is_synthetic_and_the_dose_is_that_behind_it(rng):
    draws = draw_appearance(rng, 600, 128)
    where = np.arange(600) < 300
    inside = draws.reduce_in_body(where, rng)
    np.testing.assert_array_equal(inside.bars[300:], draws.bars[300:])
    np.testing.assert_array_equal(inside.scalars[300:], draws.scalars[300:])
    bones, lines = (slice(0, 4), slice(4, 7))
    assert 0.25 < (inside.bars[:300, bones, 5] != 0).sum() / (draws.bars[:300, bones, 5] != 0).sum() < 0.45
    np.testing.assert_array_equal(inside.bars[:300, lines], draws.bars[:300, lines])
    behind = inside.scalars[:300, 7] * np.exp(-inside.scalars[:300, 1])
    assert behind.min() > 399.0
    assert behind.max() < 20001.0
