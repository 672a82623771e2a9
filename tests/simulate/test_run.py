"""Simulated runs: the region of interest, runs that do not depend on the workers, no code shared with training."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fluoropose.simulate
from fluoropose.drr.reference import ReferenceRenderer
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.simulate.motion import random_motion
from fluoropose.simulate.physics import expose
from fluoropose.simulate.run import object_lines, simulate_frame, simulate_run
from support.cases import EXPECTED_SIX


def test_the_region_of_interest_changes_nothing(scene):
    pose = pose_from_six(EXPECTED_SIX + [5, -3, 20, 10, 5, 5], scene.frame)
    whole = ReferenceRenderer(scene.volume, 0.7).render(scene.camera, pose)
    np.testing.assert_allclose(object_lines(scene.volume, scene.camera, pose, 0.7), whole, atol=1e-3)


def test_an_object_outside_the_frame_leaves_it_empty(scene):
    pose = pose_from_six(EXPECTED_SIX + [900, 0, 0, 0, 0, 0], scene.frame)
    assert not object_lines(scene.volume, scene.camera, pose, 0.7).any()


def test_a_run_does_not_depend_on_the_workers(scene, rng):
    motion, other = random_motion(EXPECTED_SIX, rng), random_motion(EXPECTED_SIX, rng)
    runs = [simulate_run(scene, motion, other, 3, 15.0, 5, workers=n) for n in (1, 3)]
    for a, b in zip(*runs, strict=True):
        np.testing.assert_array_equal(a.pixels, b.pixels)
    assert runs[0][1].time_s == pytest.approx(1 / 15)


def test_the_simulator_shares_no_code_with_training_or_the_fast_renderer():
    for path in Path(fluoropose.simulate.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            module = getattr(node, "module", None) or ""
            assert "train" not in module, path
            assert module != "fluoropose.drr.cpu", path


def test_the_rest_of_a_ct_moves_as_the_anatomy_does(scene, rng):
    """The rest is the object again, far from it: the frame shows it at the anatomy's pose."""
    alone = replace(scene, anatomy=None, rest=scene.volume)
    six, away = EXPECTED_SIX, EXPECTED_SIX + [20.0, 0, 0, 0, 0, 0]
    pixels = simulate_frame(alone, six, away, np.random.default_rng(3))
    lines, rest = (
        object_lines(scene.volume, scene.camera, pose_from_six(at, scene.frame), step)
        for at, step in ((six, 0.7), (away, 1.4))
    )
    expected = expose(lines, rest, np.zeros_like(lines), scene.detector, np.random.default_rng(3))
    np.testing.assert_array_equal(pixels, expected)
