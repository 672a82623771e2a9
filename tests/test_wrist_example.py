"""docs/examples/wrist.py: its reference settles, its trials are scored against it. Needs none of the real data."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.evaluation.trials import StartPlan, TrialKey, TrialResult, Truth, run_job
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rigid import rigid, transform
from fluoropose.geometry.rotation import about_y
from fluoropose.similarity.gradient import gradients

EXAMPLES = Path(__file__).resolve().parents[1] / "docs" / "examples"


def example(name):
    spec = importlib.util.spec_from_file_location(f"{name}_example", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def wrist():
    return example("wrist")


def test_a_settled_climb_ends_in_one_place_from_either_side(small_case, wrist):
    corners, renderer = small_case.corners_mm, CpuRenderer(small_case.volume, 1.0)
    camera = camera_from_detector(96, 96, row_spacing_mm=1.0, column_spacing_mm=1.0, source_to_detector_mm=1100.0)
    truth = pose_from_six(np.array([2.0, -3.0, 895.0, 4.0, 4.3, -4.6]), small_case.pose_frame)
    centre, turn = transform(truth, corners).mean(axis=0), about_y(np.deg2rad(80.0))
    views = []
    for place in (np.eye(4), rigid(turn, centre - turn @ centre)):
        view = wrist.View.__new__(wrist.View)
        view.camera, view.camera_from_world = camera, place
        view.edges = gradients(renderer.render(camera, place @ truth))
        views.append(view)
    climb = wrist.Climb(corners)
    for sign in (1.0, -1.0):
        start = rigid(np.eye(3), sign * np.array([0.4, -0.3, 0.4])) @ truth
        likeness, pose = climb.settled(views, renderer, start, climb.windows(views, start))
        assert likeness > 0.999
        assert pose_error(pose, truth, corners).mtre_mm < 0.05


def test_a_trial_is_scored_against_the_reference_and_starts_where_it_did(small_case, wrist):
    about, truth = (
        Truth(np.zeros((2, 2), np.uint8), pose_from_six(np.array([0.0, 0.0, z, 0.0, 0.0, 0.0]), small_case.pose_frame))
        for z in (900.0, 903.0)
    )
    camera = camera_from_detector(2, 2, row_spacing_mm=1.0, column_spacing_mm=1.0, source_to_detector_mm=1100.0)
    frame, corners = small_case.pose_frame, small_case.corners_mm

    def stay(pixels, camera, start):
        return TrialResult(start, "DONE", 1.0, {})

    record = run_job(TrialKey("stay", 1.0, 3), [about], camera, frame, corners, StartPlan(wrist.SEED), stay)
    same, other = (wrist._against(against, record, small_case, about) for against in (about, truth))
    np.testing.assert_allclose(same.trial.end.mtre_mm, record.trial.end.mtre_mm, rtol=1e-6)
    np.testing.assert_allclose(same.trial.start.mtre_mm, record.trial.start.mtre_mm, rtol=1e-6)
    assert other.trial.start.mtre_mm == pytest.approx(other.trial.end.mtre_mm)
    assert abs(other.trial.end.depth_mm - same.trial.end.depth_mm) == pytest.approx(3.0, abs=0.05)


def test_two_views_answers_are_as_far_apart_as_they_are(monkeypatch):
    """Sources ahead and at the right, 1000 mm away; the second answer is turned, then lifted, then only deeper."""
    monkeypatch.syspath_prepend(EXAMPLES)
    apart = example("wrist_agreement").apart
    sources = [np.array([0.0, 0.0, -1000.0]), np.array([1000.0, 0.0, 0.0])]
    point, same = np.zeros((1, 3)), np.eye(4)
    assert apart(sources, (same, rigid(about_y(np.deg2rad(3.0)), np.zeros(3))), point) == pytest.approx((3.0, 0.0))
    lifted = rigid(np.eye(3), np.array([0.0, 2.0, 0.0]))
    assert apart(sources, (same, lifted), point) == pytest.approx((0.0, 2.0), abs=1e-3)
    deeper = rigid(np.eye(3), np.array([-7.0, 0.0, 0.0]))
    assert apart(sources, (same, deeper), point) == pytest.approx((0.0, 0.0), abs=1e-9)
