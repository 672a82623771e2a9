"""Inflated covariances: factors along the ray's axes, offsets worth a pixel, and nothing without constants."""

from math import exp

import numpy as np
import pytest

from fluoropose.geometry.rotation import ray_axes
from fluoropose.registration.error_inflation import (
    EVIDENCE_TERMS,
    INFLATIONS,
    JOINT_INFLATIONS,
    Evidence,
    Inflation,
    Inflations,
    inflated_covariance,
    inflations_for,
)

AXES = ray_axes(np.array([120.0, -60.0, 800.0]))
COVARIANCE = np.diag([0.1, 0.1, 2.0, 0.01, 0.01, 0.02]) ** 2
GOOD = Evidence(pixel_mm=0.5, half_mm=25.0, range_mm=900.0)


def along_ray(covariance):
    turn = np.kron(np.eye(2), AXES)
    return turn @ covariance @ turn.T


def test_without_constants_nothing_changes():
    found = inflated_covariance(COVARIANCE, GOOD, AXES, Inflations())
    np.testing.assert_allclose(found, COVARIANCE, atol=1e-12)


def test_each_kind_has_its_factor_and_offset_along_the_ray():
    by = Inflations(Inflation(0.3), Inflation(0.7, offset_px=0.1), Inflation(0.0, offset_px=0.2))
    before = along_ray(COVARIANCE)
    after = along_ray(inflated_covariance(COVARIANCE, GOOD, AXES, by))
    assert after[0, 0] == pytest.approx(exp(0.6) * before[0, 0])
    assert after[0, 2] == pytest.approx(exp(1.0) * before[0, 2])
    assert after[2, 2] == pytest.approx(exp(1.4) * before[2, 2] + (0.1 * 0.5 / 25.0 * 900.0) ** 2)
    assert after[4, 4] == pytest.approx(before[4, 4] + (0.2 * 0.5 / 25.0) ** 2)


def test_each_piece_of_evidence_counts_by_its_weight_and_no_more_than_its_bound():
    worst = Evidence(likeness=0.0, sharpness=0.0, visible=0.0, clipped=1.0, whiteness=0.0)
    assert len(worst.terms) == len(EVIDENCE_TERMS)
    assert Evidence().terms == (0.0,) * len(EVIDENCE_TERMS)
    for place, term in enumerate(worst.terms):
        weights = [0.0] * len(EVIDENCE_TERMS)
        weights[place] = 2.0
        assert Inflation(0.1, tuple(weights)).factor(worst) == pytest.approx(exp(0.1 + 2.0 * term))


def test_the_covariance_stays_one():
    evidence = Evidence(
        likeness=0.6, sharpness=0.9, visible=0.5, whiteness=0.7, pixel_mm=0.5, half_mm=25.0, range_mm=9e2
    )
    found = inflated_covariance(COVARIANCE, evidence, AXES, INFLATIONS)
    np.testing.assert_allclose(found, found.T, atol=1e-12)
    assert np.linalg.eigvalsh(found).min() > 0.0


def test_several_views_have_constants_of_their_own():
    assert inflations_for(Evidence()) is INFLATIONS
    assert inflations_for(Evidence(views=2)) is JOINT_INFLATIONS
