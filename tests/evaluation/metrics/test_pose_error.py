import numpy as np
import pytest

from fluoropose.evaluation.metrics.pose_error import (
    capture_range_mm,
    percentiles,
    pose_error,
    rmsd_proj_mm,
    strict_capture_range_mm,
    success_groups,
)
from fluoropose.evaluation.metrics.summary import Trial, summary
from fluoropose.evaluation.start_errors import PAPER_SIGMAS, perturb
from fluoropose.geometry.pose6 import Pose6Frame, pose_from_six, six_from_pose
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import about_z

CORNERS = np.array([[x, y, z] for x in (-10.0, 10.0) for y in (-20.0, 20.0) for z in (-5.0, 5.0)])
TRUTH = rigid(np.eye(3), np.array([0.0, 0.0, 1000.0]))


def moved(x, y, z):
    return rigid(np.eye(3), np.array([x, y, 1000.0 + z]))


def test_a_shift_across_the_ray_is_all_in_plane():
    error = pose_error(moved(3.0, 4.0, 0.0), TRUTH, CORNERS)
    assert error.mtre_proj_mm == pytest.approx(5.0)
    assert error.mtre_mm == pytest.approx(5.0)
    assert error.in_plane_mm == pytest.approx(5.0)
    assert error.depth_mm == pytest.approx(0.0, abs=1e-12)
    assert error.rotation_deg == pytest.approx(0.0, abs=1e-6)


def test_a_shift_along_the_ray_hardly_shows():
    # 10 mm deeper at 1000 mm: a corner sqrt(500) = 22.36 mm off the axis appears 1 % of that nearer to it (for the
    # corners 5 mm nearer and farther: 22.36 * 10 / 1005 and 22.36 * 10 / 1015 ... of the true depth).
    error = pose_error(moved(0.0, 0.0, 10.0), TRUTH, CORNERS)
    expected = np.mean([22.36068 * 10.0 / (1010.0 + dz) for dz in (-5.0, 5.0)])
    assert error.mtre_proj_mm == pytest.approx(expected, rel=1e-4)
    assert error.mtre_mm == pytest.approx(10.0)
    assert error.depth_mm == pytest.approx(10.0)
    assert error.in_plane_mm == pytest.approx(0.0, abs=1e-9)


def test_a_turn_in_the_plane_moves_each_corner_by_its_chord():
    angle = np.deg2rad(2.0)
    error = pose_error(rigid(about_z(angle), np.array([0.0, 0.0, 1000.0])), TRUTH, CORNERS)
    assert error.mtre_mm == pytest.approx(2 * np.sin(angle / 2) * np.sqrt(500.0))
    assert error.rotation_deg == pytest.approx(2.0)
    assert error.in_plane_mm == pytest.approx(0.0, abs=1e-9)


def test_capture_range_by_hand():
    start = np.arange(1.0, 41.0)
    good = np.ones(40, bool)
    assert capture_range_mm(start, good) == 40.0
    good[30:] = False
    # 30 of 31 is 96.8 %, 30 of 32 is 93.75 %.
    assert capture_range_mm(start, good) == 31.0
    assert capture_range_mm(start[:20], good[:20]) is None


def test_percentiles_of_nothing_are_not_numbers():
    assert np.isnan(percentiles(np.array([]))["p50"])
    assert percentiles(np.arange(101.0)) == {"p10": 10.0, "p25": 25.0, "p50": 50.0, "p75": 75.0, "p90": 90.0}


def test_starts_have_the_papers_spread(rng):
    frame = Pose6Frame(np.zeros(3), np.eye(3))
    truth = pose_from_six(np.array([0, 0, 900.0, 0, 0, 0]), frame)
    sixes = np.array([six_from_pose(perturb(truth, frame, rng), frame) for _ in range(3000)])
    np.testing.assert_allclose(sixes.std(axis=0), PAPER_SIGMAS, rtol=0.06)
    assert (np.abs(sixes.mean(axis=0) - [0, 0, 900, 0, 0, 0]) < 0.08 * PAPER_SIGMAS).all()


def test_the_summary_counts_what_the_contract_names():
    ends = [pose_error(moved(x, 0, 0), TRUTH, CORNERS) for x in (0.1, 0.2, 5.0)]
    trials = [
        Trial(None, end, status, 0.9, {"total": 10.0})
        for end, status in zip(ends, ["TRACKING"] * 2 + ["LOST"], strict=True)
    ]
    found = summary("x", 46.0, trials, "m")
    assert found["success_rate"] == pytest.approx(2 / 3)
    assert found["lost_frames"] == 1
    assert found["mtre_mm"]["p50"] == pytest.approx(0.2)
    assert found["latency_ms"]["total"] == {"p50": 10.0, "p99": 10.0}
    assert set(found) >= {"object", "trials", "size_mm", "in_plane_mm", "depth_mm", "rotation_deg", "capture_range_mm"}


def test_success_in_groups_by_hand():
    # Groups of 20: 20 of 20, 19 of 20, 18 of 20; five trials are left over.
    start = np.arange(65.0)[::-1]
    good = np.ones(65, bool)
    good[[64 - 25, 64 - 45, 64 - 55]] = False
    groups = success_groups(start, good)
    assert [group.success for group in groups] == [1.0, 0.95, 0.9]
    assert (groups[1].from_mm, groups[1].to_mm) == (20.0, 39.0)
    assert strict_capture_range_mm(start, good) == 39.0
    assert strict_capture_range_mm(start[:19], good[:19]) is None
    assert strict_capture_range_mm(start, ~good) is None


def test_precision_by_hand():
    # Two registrations 6 mm apart across the ray lie 3 mm from their mean; depth changes no projection of the centre.
    truth = rigid(np.eye(3), np.array([0.0, 0.0, 1000.0]))
    apart = [rigid(np.eye(3), np.array([x, 0.0, 1000.0])) for x in (-3.0, 3.0)]
    assert rmsd_proj_mm(apart, truth, np.zeros((1, 3))) == pytest.approx(3.0)
    deep = [rigid(np.eye(3), np.array([0.0, 0.0, z])) for z in (990.0, 1010.0)]
    assert rmsd_proj_mm(deep, truth, np.zeros((1, 3))) == pytest.approx(0.0)
    # All three the same but one 3 mm off: distances 2, 1, 1 to the mean; sqrt((4 + 1 + 1) / 3).
    three = [apart[1], truth, truth]
    assert rmsd_proj_mm(three, truth, np.zeros((1, 3))) == pytest.approx(np.sqrt(2.0))
