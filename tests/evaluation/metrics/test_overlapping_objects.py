"""Figures of sweeps and of several objects, from numbers by hand."""

import numpy as np
import pytest

from fluoropose.evaluation.metrics.overlapping_objects import OverlapRecord, OverlapTime, overlap_facts, overlap_row
from fluoropose.evaluation.metrics.pose_error import PoseError
from fluoropose.evaluation.metrics.sweeps import (
    DepthEstimate,
    SweepRecord,
    SweepSetting,
    depth_estimate_of,
    sweep_facts,
    sweep_row,
)
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import about_x

CENTRE = np.array([1.0, 2.0, 3.0])


def test_an_opinion_splits_depth_from_the_rest():
    """3 mm across and 4 mm along the ray, said to be known to 3 and 2 mm: chi-square is 1 + 4."""
    truth = rigid(np.eye(3), -CENTRE)
    camera = rigid(np.eye(3), np.array([0.0, 0.0, 900.0]))
    found = rigid(np.eye(3), np.array([3.0, 0.0, 4.0]) - CENTRE)
    covariance = np.diag([9.0, 9.0, 4.0, 1.0, 1.0, 1.0])
    opinion = depth_estimate_of(found, covariance, truth, CENTRE, camera)
    assert opinion.depth_mm == pytest.approx(4.0)
    assert opinion.centre_mm == pytest.approx(5.0)
    assert opinion.depth_sigma_mm == pytest.approx(2.0)
    assert opinion.chi_square == pytest.approx(5.0)
    assert opinion.rotation_deg == 0.0


def test_an_opinion_of_a_turn():
    turned = rigid(about_x(np.deg2rad(2.0)), -about_x(np.deg2rad(2.0)) @ CENTRE)
    opinion = depth_estimate_of(
        turned, np.eye(6), rigid(np.eye(3), -CENTRE), CENTRE, rigid(np.eye(3), np.array([0.0, 0.0, 900.0]))
    )
    assert opinion.rotation_deg == pytest.approx(2.0)
    assert opinion.depth_mm == pytest.approx(0.0, abs=1e-9)


def records():
    setting = SweepSetting(30.0, False, "still")
    for run, depth in enumerate((1.0, 3.0)):
        for frame in range(3):
            alone = DepthEstimate(15.0 - frame, 15.0, 1.0, 5.0, 6.0)
            smoothed = DepthEstimate(depth, depth, 0.5, 2.0, 12.0)
            yield SweepRecord(setting, run, frame, 10.0 * frame, alone, smoothed, frame + 1, 1 + frame, 500.0)


def test_a_sweeps_figures_are_those_of_its_last_frames():
    facts = sweep_facts(list(records()), 60.0)
    assert (facts["runs"], facts["frames"], facts["views"]) == (2, 3, 3.0)
    assert facts["start_depth_mm"]["p50"] == 15.0
    assert facts["alone"]["depth_mm"]["p50"] == 13.0
    assert facts["smoothed"]["depth_mm"]["p50"] == 2.0
    assert facts["smoothed"]["depth_mm"]["worst"] == 3.0
    assert facts["smoothed"]["calibration"] == pytest.approx(np.sqrt(2.0))
    assert facts["smoothed"]["depth_calibration"] == pytest.approx(np.sqrt((0.25 + 2.25) / 2.0))


def test_a_sweeps_row_is_flat():
    row = sweep_row(next(records()))
    assert (row["span_deg"], row["alone_depth_mm"], row["smoothed_chi_square"]) == (30.0, "15", "12")


def crowd_record(method, proj_mm, status="TRACKING"):
    error = PoseError(proj_mm, 2.0 * proj_mm, 0.1, 1.0, 0.5)
    return OverlapRecord("plate+probe", "rough", method, 0, 0, "plate", 60.0, error, status, 0.9)


def test_a_crowds_figures():
    """1 % of 60 mm is 0.6 mm: of two together one is right; the other, sure, is wrong and says it is right."""
    records = [crowd_record("together", 0.3), crowd_record("together", 0.9)]
    records += [crowd_record("as it is", 0.9, "LOST"), crowd_record("as it is", 0.9)]
    times = [OverlapTime("plate+probe", "rough", 15.0, (10.0, 10.0), 30.0, 24.0)]
    facts = overlap_facts(records, times)
    assert facts["count"] == 2
    assert facts["together"]["success_rate"] == 0.5
    assert facts["together"]["sure_and_wrong"] == 0.5
    assert facts["as it is"]["sure"] == 0.5
    assert facts["time_ms"]["ratio"] == pytest.approx(1.5)
    assert facts["time_ms"]["cpu_ratio"] == pytest.approx(2.5)
    assert overlap_row(records[0])["mtre_proj_mm"] == "0.3"
