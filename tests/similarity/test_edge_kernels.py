"""The compiled part of the edges' equations: its places, its derivatives' size, and its weights."""

import numpy as np
import pytest

from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.registration.regression.residual import align_view
from fluoropose.similarity.edge_equations import Turn, central_differences_twin, edge_pictures
from fluoropose.similarity.edge_kernels import EDGE_SHARE, OWN, RIM, draw_edge_pictures, find_edges, gather_equations
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


def asked(pictures, view, unlike=OWN):
    """Return the move in the plane that the compiled equations ask for, (2,) mm."""
    found = gather_equations(pictures, view.field_mm / view.size_px, view.range_mm, unlike)
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
    given = (pictures(frame), view.field_mm / view.size_px, view.range_mm)
    np.testing.assert_allclose(gather_equations(*given), gather_equations(*given, OWN), rtol=1e-6, atol=1e-9)


def test_the_equations_are_symmetric_and_positive(small_case, frame, pictures):
    view = small_case.atlas.view
    found = gather_equations(pictures(frame), view.field_mm / view.size_px, view.range_mm)
    np.testing.assert_array_equal(found[:, :7], found[:, :7].T)
    assert np.linalg.eigvalsh(found[:, :7]).min() > 0.0
    assert 0.9 < found[0, 8] <= 1.0


def test_pictures_without_edges_give_no_equations(frame, pictures):
    seen = pictures(frame)
    seen[1] = 1.0
    assert not gather_equations(seen, 0.4, 900.0).any()


def test_places_are_where_the_picture_is_steep_and_not_at_its_rim(rng):
    image = rng.random((40, 40)).astype(np.float32) ** 8
    steepness = np.hypot(*central_differences_twin(image.astype(np.float64)))
    inside = np.zeros(steepness.shape, bool)
    inside[RIM:-RIM, RIM:-RIM] = True
    wanted = np.argwhere((steepness > EDGE_SHARE * steepness[inside].max()) & inside)
    np.testing.assert_array_equal(find_edges(image), wanted)


def test_where_no_object_is_the_view_shows_the_floor(small_case, frame):
    """Where no object is, the view as shown is the negative logarithm of all that comes through and the floor."""
    out, views = np.empty((5, 128, 128), np.float32), np.zeros((5, 128, 128), np.float32)
    draw_edge_pictures(frame, np.eye(3), views, 0.0, 0.0, 0.07, 0.25, out)
    np.testing.assert_array_equal(out[0], frame[:128, :128])
    np.testing.assert_allclose(out[1], -np.log(1.25), atol=1e-6)
    assert not out[2:4].any()
    np.testing.assert_allclose(out[4], -0.25 / 1.25, atol=1e-6)
