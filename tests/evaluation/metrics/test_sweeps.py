"""Depth along the ray and what is said of it, by hand."""

import numpy as np
import pytest

from fluoropose.evaluation.metrics.sweeps import SweepRecord, SweepSetting, depth_estimate_of, sweep_facts, sweep_row
from fluoropose.geometry.rigid import rigid

TRUTH = rigid(np.eye(3), np.array([0.0, 0.0, 900.0]))
COVARIANCE = np.diag([1.0, 1.0, 4.0, 1e-4, 1e-4, 1e-4])


def estimate(depth_mm):
    found = rigid(np.eye(3), np.array([0.0, 0.0, 900.0 + depth_mm]))
    return depth_estimate_of(found, COVARIANCE, TRUTH, np.zeros(3), np.eye(4))


def test_an_error_along_the_ray_counts_against_its_stated_deviation():
    found = estimate(3.0)
    assert (found.depth_mm, found.centre_mm) == (3.0, 3.0)
    assert found.depth_sigma_mm == pytest.approx(2.0)
    assert found.chi_square == pytest.approx(9.0 / 4.0)


def test_figures_are_those_of_the_last_frames():
    setting = SweepSetting(30.0, False, "still")
    records = [
        SweepRecord(setting, run, frame, 0.0, estimate(4.0 - frame), estimate(2.0 - frame), frame + 1, 2, 10.0)
        for run in range(2)
        for frame in range(2)
    ]
    facts = sweep_facts(records, 100.0)
    assert (facts["runs"], facts["frames"]) == (2, 2)
    assert facts["start_depth_mm"]["p50"] == 4.0
    assert facts["alone"]["depth_mm"]["p50"] == 3.0
    assert facts["smoothed"]["depth_calibration"] == pytest.approx(0.5)
    row = sweep_row(records[0])
    assert row["alone_depth_mm"] == "4"
    assert not any(isinstance(value, dict | list) for value in row.values())
