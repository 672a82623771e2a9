"""What is said of a reference: repeats from far starts, and which way edges lie."""

import numpy as np
import pytest

from fluoropose.evaluation.studies.knee.biplane_fit import fit_pose
from fluoropose.evaluation.studies.knee.reference import (
    FrameReference,
    draw_twist,
    measure_repeats,
    reference_facts,
)
from fluoropose.evaluation.studies.knee.rim import RimFinder
from support.implants import MESH, POSE, expose_mesh, two_cameras


def test_a_twist_has_its_lengths(rng):
    twist = draw_twist(rng)
    assert np.linalg.norm(twist[:3]) == pytest.approx(2.5)
    assert np.rad2deg(np.linalg.norm(twist[3:])) == pytest.approx(2.0)


def test_facts_are_those_of_the_fits(rng):
    finder, cameras = RimFinder(MESH), two_cameras()
    frames = [expose_mesh(MESH, placed, POSE) for placed in cameras]
    fit = fit_pose(finder, frames, cameras, POSE)
    again = measure_repeats(finder, frames, cameras, fit, POSE, 2, rng)
    facts = reference_facts([FrameReference(7, fit, POSE, again, ((0.1, -2.0, 0.3), (0.2, 1.0, 0.4)))], finder)
    assert (facts["frames"], facts["repeats"]) == (1, 2)
    assert facts["from_start_mm"]["most"] < 0.02
    assert facts["one_view_alone"]["cam1"]["deeper_mm"] == -2.0
    assert facts["one_view_alone"]["cam1"]["depth_mm"] == 2.0
    assert all(abs(value) < 0.05 for value in facts["edges_outside_px"].values())


def test_a_reference_that_was_not_repeated_says_nothing_of_it():
    finder, cameras = RimFinder(MESH), two_cameras()
    fit = fit_pose(finder, [expose_mesh(MESH, placed, POSE) for placed in cameras], cameras, POSE)
    facts = reference_facts([FrameReference(7, fit, POSE, (), ())], finder)
    assert facts["repeats_mm"] == {}
    assert facts["one_view_alone"] == {}
