"""The contrast of views at a few pixels is normalised, and the latest values are kept."""

import numpy as np
import pytest

from fluoropose.registration.initialization.view_contrast import (
    LatestKept,
    normalise_contrast,
    view_contrast,
)


def test_the_contrast_of_a_view_has_the_size_that_is_wanted_and_none_where_the_view_is_even(rng):
    lines = np.zeros((128, 128), np.float32)
    lines[40:60, 50:70] = 2.0
    found = view_contrast(lines, 32, 4)
    assert found.shape == (32, 32)
    assert np.abs(found[26:]).max() < 0.001
    assert np.abs(found[8:16]).max() > 1.0


def test_a_normalised_contrast_has_zero_mean_and_unit_length(rng):
    found = normalise_contrast((5.0 + rng.standard_normal((32, 32))).astype(np.float32))
    assert abs(found.mean()) < 1e-6
    assert np.linalg.norm(found) == pytest.approx(1.0, abs=1e-5)
    assert not normalise_contrast(np.ones((32, 32), np.float32)).any()


def test_values_are_made_once_and_those_asked_for_longest_ago_make_room():
    made: list[int] = []

    def get(number: int) -> int:
        return kept.get(number, lambda: made.append(number) or number)

    kept = LatestKept[int](2)
    assert [get(1), get(2), get(1), get(3), get(1), get(2)] == [1, 2, 1, 3, 1, 2]
    assert made == [1, 2, 3, 2]
