"""Inflated errors: by a factor that grows as the frame looks less alike, up to a bound."""

from math import exp

import pytest

from fluoropose.registration.assessment import ErrorEstimate
from fluoropose.registration.error_inflation import MOST_UNLIKE, Inflation, Inflations, inflate


def test_without_constants_nothing_changes():
    errors = ErrorEstimate(0.1, 2.0, 0.3)
    assert inflate(errors, 0.4, Inflations()) == errors


def test_each_number_has_its_own_factor():
    by = Inflations(Inflation(0.0, 1.0), Inflation(0.5, 0.0), Inflation(0.1, 2.0))
    found = inflate(ErrorEstimate(1.0, 1.0, 1.0), 0.9, by)
    assert found.in_plane_mm == pytest.approx(exp(0.1))
    assert found.depth_mm == pytest.approx(exp(0.5))
    assert found.rotation_deg == pytest.approx(exp(0.3))


def test_the_factor_is_bounded_and_never_less_than_at_likeness_1():
    one = Inflation(0.2, 3.0)
    assert one.factor(1.0) == one.factor(1.1) == pytest.approx(exp(0.2))
    assert one.factor(0.1) == one.factor(-1.0) == pytest.approx(exp(0.2 + 3.0 * MOST_UNLIKE))
