"""The compiled part of the edges' equations: its places, its derivatives' size, and its weights."""

import numpy as np
import pytest

from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.registration.regression.residual import align_view
from fluoropose.similarity.edge_equations import Turn, edge_pictures
from fluoropose.similarity.edge_kernels import OWN, gather_equations
from fluoropose.similarity.edge_places import find_edges
from support.shots import fine_camera, shot

RIGHT = np.array([2.0, -3.0, 895.0, 4.0, 4.3, -4.6])


@pytest.fixture
def frame(small_case, rng):
    return shot(small_case, fine_camera(), pose_from_six(RIGHT, small_case.pose_frame), rng)


@pytest.fixture
def pictures(small_case):
    """Return what a frame and its cached view show at the right pose, and how the view changes there."""
    view = small_case.atlas.view
    current = align_view(pose_from_six(RIGHT, small_case.pose_frame), fine_camera(), small_case.atlas)
    views = small_case.atlas.line_integrals(*current.view_indices)
    turn = Turn(0.0, 0.0, np.deg2rad(small_case.atlas.grid.step_deg), view.field_mm / view.size_px, view.range_mm)
    return lambda frame: edge_pictures(frame, current.frame_from_canonical_px, views, turn, 0.1)


def gather(drawn, view, unlike=OWN):
    """Return the equations of drawn pictures and their place."""
    seen, corner = drawn
    places = find_edges(seen[1])
    return gather_equations(seen, places, corner, view.size_px, view.field_mm / view.size_px, view.range_mm, unlike)


def asked(drawn, view, unlike=OWN):
    """Return the move in the plane that the compiled equations ask for, (2,) mm."""
    found = gather(drawn, view, unlike)
    return np.linalg.solve(found[:, :7] + 1e-6 * np.eye(7), found[:, 7])[:2]


def test_weights_by_the_views_own_edges_keep_a_neighbour_from_pulling(small_case, frame, pictures):
    """As a bone of the same shape beside the object does: by more where such weights are left out."""
    view = small_case.atlas.view
    beside = frame + 0.8 * np.roll(frame, 10, axis=1)

    def pulled(unlike):
        moved = asked(pictures(beside), view, unlike) - asked(pictures(frame), view, unlike)
        return float(np.linalg.norm(moved))

    assert pulled(OWN) < 0.9 * pulled(1e9)


def test_the_weight_that_is_not_given_is_the_constant(small_case, frame, pictures):
    view = small_case.atlas.view
    (seen, corner), mm = pictures(frame), view.field_mm / view.size_px
    given = (seen, find_edges(seen[1]), corner, view.size_px, mm, view.range_mm)
    np.testing.assert_allclose(gather_equations(*given), gather_equations(*given, OWN), rtol=1e-6, atol=1e-9)


def test_the_equations_are_symmetric_and_positive(small_case, frame, pictures):
    view = small_case.atlas.view
    found = gather(pictures(frame), view)
    np.testing.assert_array_equal(found[:, :7], found[:, :7].T)
    assert np.linalg.eigvalsh(found[:, :7]).min() > 0.0
    assert 0.9 < found[0, 8] <= 1.0


def test_pictures_without_edges_give_no_equations(small_case, frame, pictures):
    seen, corner = pictures(frame)
    seen[1] = 1.0
    assert not gather((seen, corner), small_case.atlas.view).any()


def test_the_equations_are_those_of_the_whole_view(small_case, frame, pictures):
    """Pictures that are a part of the view give what the whole of it gives."""
    seen, (top, left) = pictures(frame)
    whole = np.zeros((5, 128, 128), np.float32)
    whole[1], whole[4] = seen[1, 0, 0], seen[4, 0, 0]
    whole[:, top : top + seen.shape[1], left : left + seen.shape[2]] = seen
    view = small_case.atlas.view
    np.testing.assert_allclose(gather((seen, (top, left)), view), gather((whole, (0, 0)), view), rtol=1e-4, atol=1e-4)
