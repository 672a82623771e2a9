"""Figures of answers: medians, shares, and answers that are sure and wrong."""

import numpy as np
import pytest

from fluoropose.evaluation.metrics.pose_error import PoseError
from fluoropose.evaluation.studies.knee.answers import Answer
from fluoropose.evaluation.studies.knee.figures import answer_facts, covered, facts_by_group

STATED = {"in_plane_mm": 0.1, "depth_mm": 2.0, "rotation_deg": 0.3}


def answer(in_plane, depth, status="TRACKING", kind="cam1"):
    error = PoseError(in_plane, float(np.hypot(in_plane, depth)), in_plane, abs(depth), 0.5)
    along = (in_plane, 0.0, depth, 0.5, 0.0, 0.0)
    return Answer(kind, "femoral", 0, 0, error, depth, status, 0.9, STATED, along, (True,), np.eye(4))


def test_wrong_answers_count_only_where_they_are_sure():
    facts = answer_facts([answer(0.1, 1.0), answer(3.0, 0.0), answer(9.0, 0.0, "LOST"), answer(0.2, -5.0)])
    assert (facts["sure_and_wrong_in_plane"], facts["sure_and_wrong"]) == (1, 2)
    assert facts["tracking"] == 0.75
    assert facts["within_1_mm_in_plane"] == 0.5
    assert facts["deeper_mm"]["p50"] == pytest.approx(0.0)
    assert facts["depth_mm"]["p50"] == pytest.approx(0.5)
    assert facts["stated"]["depth_mm"]["p50"] == 2.0


def test_groups_are_kinds_and_components():
    groups = facts_by_group([answer(0.1, 0.0), answer(0.3, 0.0), answer(0.1, 0.0, kind="two views")])
    assert {name: facts["answers"] for name, facts in groups.items()} == {"cam1, femoral": 2, "two views, femoral": 1}


def test_coverage_counts_each_axis_of_answers_that_are_sure():
    given = [answer(0.05, 1.0), answer(0.1, -3.0), answer(0.2, 9.0, "LOST")]
    facts = answer_facts(given)["covered"]
    # In the plane 0.1 over the root of 2 for each axis: 0.05 and 0 are within, 0.1 is within 1.645 times that.
    assert facts["in_plane_mm"] == {"one_sigma": 0.75, "interval_90": 1.0}
    assert facts["depth_mm"] == {"one_sigma": 0.5, "interval_90": 1.0}
    assert facts["rotation_deg"]["one_sigma"] == pytest.approx(2 / 3)
    assert covered([], "depth_mm") is None
