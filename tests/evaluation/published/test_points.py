"""Points: where gradients come from, and which of them are worth looking at."""

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.evaluation.published.gradients import edge_pixels, edge_points
from fluoropose.evaluation.published.picture import picture_camera
from fluoropose.evaluation.published.plan import Zone
from fluoropose.evaluation.published.points import (
    FilterPlan,
    choose_points,
    draw_poses,
    greedy,
    overlap_share,
    sensitivity,
)
from fluoropose.geometry.pose6 import Pose6Frame, pose_from_six
from fluoropose.geometry.rigid import transform
from fluoropose.imaging.volume import Volume

FRONT = np.array([0.0, 0.0, 900.0, 0.0, 0.0, 0.0])


@pytest.fixture
def wire():
    """A wire at the front of a volume that is empty else."""
    values = np.zeros((40, 60, 40), np.float32)
    values[18:20, 10:12, 4:36] = 1.0
    matrix = np.eye(4)
    matrix[:3, 3] = [-20.0, -30.0, -20.0]
    return Volume(values, matrix)


def test_a_wire_explains_its_own_edges(wire, small_case, rng):
    frame = Pose6Frame(np.zeros(3), small_case.atlas.view.base_rotation)
    camera, pose = picture_camera(small_case, FRONT), pose_from_six(FRONT, frame)
    pixels = edge_pixels(CpuRenderer(wire, 0.5).render(camera, pose), 100, rng)
    points, explained = edge_points(wire, camera, pose, pixels)
    seen = explained > 0.0  # a pixel beside the wire has a gradient two pixels wide, but none half a pixel wide
    assert seen.sum() > 20
    assert (explained[seen] > 0.9).all()
    index = points[seen] - wire.lps_from_index[:3, 3]
    assert np.abs(index[:, 1] - 10.5).max() < 2.0
    assert np.abs(index[:, 0] - 18.5).max() < 3.0


def test_two_wires_behind_each_other_share_their_edges(wire, small_case, rng):
    values = wire.values.copy()
    values[18:20, 48:50, 4:36] = 1.0
    both = Volume(values, wire.lps_from_index)
    frame = Pose6Frame(np.zeros(3), small_case.atlas.view.base_rotation)
    camera, pose = picture_camera(small_case, FRONT), pose_from_six(FRONT, frame)
    pixels = edge_pixels(CpuRenderer(both, 0.5).render(camera, pose), 100, rng)
    _, explained = edge_points(both, camera, pose, pixels)
    assert np.median(explained) < 0.9


def test_overlap_by_hand():
    assert overlap_share(np.array([0.0, 0.0]), 10.0) == 1.0
    assert overlap_share(np.array([5.0, 0.0]), 10.0) == pytest.approx(0.5)
    assert overlap_share(np.array([-5.0, 5.0]), 10.0) == pytest.approx(0.25)
    assert overlap_share(np.array([11.0, 0.0]), 10.0) == 0.0


def test_the_greedy_filter_by_hand():
    """Of four in a row, the best strikes out its neighbour, which was second best."""
    places = np.array([[0.0, 0.0], [5.0, 0.0], [8.0, 0.0], [20.0, 0.0]])
    np.testing.assert_array_equal(greedy(np.array([4.0, 3.0, 2.0, 1.0]), places, 10.0), [0, 2, 3])
    np.testing.assert_array_equal(greedy(np.array([1.0, 4.0, 2.0, 3.0]), places, 10.0), [1, 3])


def test_points_are_of_the_object_and_apart(small_case):
    plan = FilterPlan(candidates=60, poses=3, errors=3)
    chosen = choose_points(small_case, Zone(0, 0), np.random.default_rng(3), plan)
    assert 4 <= len(chosen.points_mm) <= 18
    low, high = small_case.corners_mm.min(axis=0), small_case.corners_mm.max(axis=0)
    assert ((chosen.points_mm > low - 2.0) & (chosen.points_mm < high + 2.0)).all()
    seen = transform(pose_from_six(FRONT, small_case.pose_frame), chosen.points_mm)
    places = seen[:, :2] / seen[:, 2:] * 900.0
    for n, place in enumerate(places):
        assert all(overlap_share(place - other, chosen.side_mm) <= 0.2501 for other in places[:n])


def test_a_point_that_shows_errors_beats_one_that_shows_nothing(small_case, rng):
    """A candidate on the dense rod shows every error; one in the flat middle of the block shows hardly any."""
    renderer = CpuRenderer(small_case.volume, 1.0)
    views = []
    for six in draw_poses(small_case, Zone(0, 0), 3, rng):
        camera = picture_camera(small_case, six)
        wrong = six + rng.uniform(-1, 1, (3, 6)) * [1.5, 1.5, 5, 3, 5, 5]
        still = renderer.render(camera, pose_from_six(six, small_case.pose_frame))
        moved = [renderer.render(camera, pose_from_six(one, small_case.pose_frame)) for one in wrong]
        views.append((six, still, np.stack(moved)))
    worth = sensitivity(small_case, np.array([[9.0, 4.0, 2.0], [60.0, 0.0, 60.0]]), 6.0, views)
    assert worth[0] > worth[1]
