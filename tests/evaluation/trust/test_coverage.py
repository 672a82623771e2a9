"""Coverage, risk and reliability of records whose answer is known."""

import numpy as np
import pytest

from fluoropose.evaluation.trust.coverage import (
    KINDS,
    confidence_bins,
    coverage,
    risk_curve,
    scaled_errors,
    sigma_curve,
)
from support.stress import impossible, record


def normal_records(count=2000, scale=1.0):
    """Records whose errors are normal with the deviations that are stated, times `scale`."""
    rng = np.random.default_rng(5)
    sigmas = np.array([0.2, 0.2, 1.5, 0.3, 0.3, 0.3])
    stated = (0.2 * np.sqrt(2.0), 1.5, 0.3 * np.sqrt(3.0))
    errors = rng.normal(size=(count, 6)) * sigmas * scale
    return [
        record(number=n, offset_mm=tuple(one[:3]), turn_deg=tuple(one[3:]), sigmas=tuple(sigmas), stated=stated)
        for n, one in enumerate(errors)
    ]


@pytest.mark.parametrize("by", ["stated", "raw"])
def test_true_deviations_cover_68_and_90_per_cent_of_every_axis(by):
    facts = coverage(normal_records())[by]
    for kind in KINDS:
        assert facts[kind]["one_sigma"] == pytest.approx(0.683, abs=0.03)
        assert facts[kind]["interval_90"] == pytest.approx(0.9, abs=0.02)
        assert facts[kind]["rms"] == pytest.approx(1.0, abs=0.05)


def test_deviations_half_as_large_cover_less():
    facts = coverage(normal_records(scale=2.0))["stated"]
    assert all(facts[kind]["one_sigma"] == pytest.approx(0.383, abs=0.03) for kind in KINDS)


def test_each_axis_is_counted_alone():
    one = record(offset_mm=(0.2, -0.4, 3.0), turn_deg=(0.3, 0.0, 0.6), stated=(0.2, 1.5, 0.3))
    assert scaled_errors([one], "in_plane") == pytest.approx(np.array([0.2, 0.4]) / (0.2 / np.sqrt(2.0)))
    assert scaled_errors([one], "depth") == pytest.approx([2.0])
    assert scaled_errors([one], "rotation") == pytest.approx(np.array([0.3, 0.0, 0.6]) / (0.3 / np.sqrt(3.0)))
    assert scaled_errors([one], "depth", "raw") == pytest.approx([3.0])


def test_without_truth_or_deviations_nothing_is_counted():
    assert coverage([impossible()])["stated"]["depth"] is None
    assert coverage([record(sigmas=None)])["raw"]["depth"] is None
    assert sigma_curve([], "depth") == []


def test_a_true_curve_is_the_diagonal():
    for wanted, found in sigma_curve(normal_records(), "rotation"):
        assert found == pytest.approx(wanted, abs=0.03)


def test_risk_rises_where_the_less_sure_are_wrong():
    records = [record(confidence=0.9), record(confidence=0.8), impossible(confidence=0.5), record(confidence=0.5)]
    assert risk_curve(records) == [(0.25, 0.0, 0.9), (0.5, 0.0, 0.8), (1.0, 0.25, 0.5)]
    assert risk_curve([]) == []


def test_confidence_bins_hold_every_answer_once():
    records = [record(confidence=value) for value in (0.0, 0.05, 0.6, 0.97, 1.0)] + [impossible(confidence=0.6)]
    bins = confidence_bins(records)
    assert sum(one["count"] for one in bins) == len(records)
    assert next(one for one in bins if one["from"] == 0.5)["right"] == 0.5
