"""Inflations that were put into records are found again, and make the intervals cover what they should."""

import numpy as np
import pytest

from fluoropose.errors import InputError
from fluoropose.evaluation.trust.coverage import KINDS, coverage
from fluoropose.evaluation.trust.inflation import fit_inflations, inflated_records, used_for_fit
from support.stress import impossible, record


def records(count=1500):
    """Answers whose depth errors are exp(0.4 + 3 u) times the stated ones; the others are as stated."""
    rng = np.random.default_rng(4)
    made = []
    for number in range(count):
        likeness = float(rng.uniform(0.7, 1.0))
        z = rng.normal(size=6)
        factor = np.exp(0.4 + 3.0 * (1.0 - likeness))
        offset = (0.1 * z[0], 0.1 * z[1], 1.5 * z[2] * factor)
        stated = (0.1 * np.sqrt(2.0), 1.5, 0.2 * np.sqrt(3.0))
        made.append(
            record(number=number, likeness=likeness, offset_mm=offset, turn_deg=tuple(0.2 * z[3:]), stated=stated)
        )
    return made


def test_the_factors_are_found_and_intervals_cover_what_they_should():
    found = fit_inflations(records())
    assert found.depth.at_likeness_1 == pytest.approx(0.4, abs=0.15)
    assert found.depth.per_unlike == pytest.approx(3.0, abs=1.0)
    assert found.in_plane.at_likeness_1 == pytest.approx(0.0, abs=0.1)
    facts = coverage(inflated_records(records(), found))["stated"]
    for kind in KINDS:
        assert 0.62 <= facts[kind]["one_sigma"] <= 0.75
        assert 0.85 <= facts[kind]["interval_90"] <= 0.95


def test_only_right_answers_count_and_too_few_are_refused():
    few = [record(), impossible(), record(mtre_proj_mm=30.0), record(status="LOST"), record(family="wrong camera")]
    assert len(used_for_fit(few)) == 1
    with pytest.raises(InputError, match="at least 20 records"):
        fit_inflations(few)


def test_a_refused_frame_stays_as_it_is():
    refused = record(status="REFUSED", stated=())
    assert inflated_records([refused], fit_inflations(records(100))) == [refused]
