"""Pairs of simulated views: settings, faults that are refused, a rig that sees the object twice."""

import numpy as np
import pytest

from fluoropose.errors import InputError
from fluoropose.evaluation.two_views import PairPlan, simulate_rig
from fluoropose.geometry.camera import project
from fluoropose.geometry.rigid import transform


def test_faults_are_run_without_an_error_of_calibration():
    plan = PairPlan((60.0,), (0.0, 0.5), ("none", "empty-first"), 1, 2, 0)
    settings = [(one.calibration, one.fault) for one in plan.settings(60.0)]
    assert settings == [(0.0, "none"), (0.5, "none"), (0.0, "empty-first")]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (((0.0,), (0.0,), ()), "angles between 0 and 180"),
        (((60.0,), (-1.0,), ()), "errors of calibration from 0 to 10"),
        (((60.0,), (0.0,), ("blurred",)), "faults of none, empty-first"),
    ],
)
def test_plans_that_cannot_be_run_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        PairPlan(*changes, 1, 2, 0)


def test_both_cameras_see_the_object(small_case):
    rig = simulate_rig(small_case, 20.0, PairPlan((20.0,), (0.0,), (), 1, 2, 0))
    assert len(rig.pairs) == 2
    centre = small_case.corners_mm.mean(axis=0)
    for pair in rig.pairs:
        for place in rig.places:
            pixel = project(rig.camera, transform(place @ pair.world_from_volume, centre[None]))[0]
            assert ((pixel > 0) & (pixel < [rig.camera.columns, rig.camera.rows])).all()
    assert not np.allclose(rig.places[0], rig.places[1])
