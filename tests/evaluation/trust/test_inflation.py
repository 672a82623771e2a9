"""Inflations that were put into records are found again, and make the intervals cover what they should."""

import numpy as np
import pytest

from fluoropose.errors import InputError
from fluoropose.evaluation.trust.coverage import INTERVAL_90, KINDS
from fluoropose.evaluation.trust.inflation import evidence_of, fit_inflations, inflated_ratios, used_for_fit
from fluoropose.registration.error_inflation import Evidence, Inflation
from support.stress import impossible, record

SIGMAS = (0.1, 0.1, 1.5, 0.2, 0.2, 0.2)


def records(count=1200):
    """Answers whose depth errors are exp(0.4 + 3 u) times the raw ones, u being how unlike they are."""
    rng = np.random.default_rng(4)
    made = []
    for number in range(count):
        likeness = float(rng.uniform(0.7, 1.0))
        z = rng.normal(size=6) * SIGMAS
        z[2] *= np.exp(0.4 + 3.0 * (1.0 - likeness))
        evidence = {"likeness": likeness, "pixel_mm": 0.5, "half_mm": 25.0, "range_mm": 900.0}
        values = {"offset_mm": tuple(z[:3]), "turn_deg": tuple(z[3:]), "sigmas": SIGMAS, "evidence": evidence}
        made.append(record(number=number, renderer=("sampled", "surface")[number % 2], **values))
    return made


def test_the_factors_are_found_and_intervals_cover_what_they_should():
    given = records()
    found = fit_inflations(given)
    unlike = [Inflation.factor(found.depth, Evidence(likeness=one)) for one in (1.0, 0.7)]
    assert unlike == pytest.approx(np.exp([0.4, 1.3]), rel=0.25)
    for kind in KINDS:
        ratios = inflated_ratios(given, kind, getattr(found, kind))
        assert 0.62 <= (ratios <= 1.0).mean() <= 0.75
        assert 0.85 <= (ratios <= INTERVAL_90).mean() <= 0.95


def test_a_common_offset_of_edges_is_found():
    rng = np.random.default_rng(5)
    given = []
    for number, one in enumerate(records(600)):
        half = (15.0, 60.0)[number % 2]
        worth = 0.1 * 0.5 / half * 900.0
        offset = (*one.offset_mm[:2], float(rng.normal() * np.hypot(0.2, worth)))
        evidence = one.evidence | {"half_mm": half, "likeness": 1.0}
        given.append(
            record(offset_mm=offset, turn_deg=one.turn_deg, sigmas=(0.1, 0.1, 0.2, *SIGMAS[3:]), evidence=evidence)
        )
    assert fit_inflations(given).depth.offset_px == pytest.approx(0.1, abs=0.04)


def test_only_right_answers_count_and_too_few_are_refused():
    seen = {"evidence": {"likeness": 0.9}}
    few = [record(**seen), impossible(), record(mtre_proj_mm=30.0, **seen), record(status="LOST"), record()]
    assert len(used_for_fit([*few, record(family="wrong camera", **seen)])) == 1
    with pytest.raises(InputError, match="at least 20 records"):
        fit_inflations(few)


def test_evidence_of_older_records_is_read_by_name():
    assert evidence_of(record(evidence={"likeness": 0.5, "unknown": 1.0})) == Evidence(likeness=0.5)
    assert evidence_of(record()) == Evidence()
