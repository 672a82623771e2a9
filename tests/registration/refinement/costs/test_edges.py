"""The edges' equations: compiled and plain agree, their derivatives are those of pictures, a bar across hardly matters."""

import numpy as np
import pytest
from fluoropose.registration.refinement.edge_alignment import FLOOR, edge_look

from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.imaging.sampling import normalised_homography, warp_frame, warp_picture
from fluoropose.registration.refinement.costs import edges
from fluoropose.registration.regression.residual import (
    Group,
    align_view,
    apply_residual,
    residual_to_pose,
    residual_units,
)
from fluoropose.registration.regression.schedule import PoseEstimate
from fluoropose.registration.regression.step import Regression
from fluoropose.similarity.edge_equations import Turn, edge_equations, edge_equations_twin
from support.shots import fine_camera, shot

RIGHT = np.array([2.0, -3.0, 895.0, 4.0, 4.3, -4.6])
OFF = np.array([0.15, -0.1, 4.0, 0.3, 0.5, -0.5])


@pytest.fixture
def camera():
    return fine_camera()


@pytest.fixture
def frame(small_case, camera, rng):
    return shot(small_case, camera, pose_from_six(RIGHT, small_case.pose_frame), rng)


def looked(small_case, camera, six):
    return align_view(pose_from_six(six, small_case.pose_frame), camera, small_case.atlas)


def seen_from(frame, current, case, floor=FLOOR):
    """Look with networks that believe next to nothing."""
    doubt = np.diag((1e-2 / residual_units(case.atlas.view)) ** 2)
    belief = Regression(np.zeros((1, 6)), np.ones((1, 6)), doubt[None], np.ones(1))
    pose = apply_residual(current, current.view_residual, Group.ALL, case.atlas)
    return edge_look(frame, current, PoseEstimate(pose, belief, (0.0, 0.0, 0.0), 0, 0, 0), case.atlas, floor)


def left(frame, current, case):
    return seen_from(frame, current, case).seen.residuals[0] - current.view_residual


def test_compiled_and_plain_agree(small_case, camera, frame):
    current = looked(small_case, camera, RIGHT + OFF)
    views = np.asarray(small_case.atlas.views[list(current.view_indices)], np.float32)
    turn, floor = Turn(0.3, -0.4, np.deg2rad(4.0), 0.4, 900.0), 0.07
    fast, slow = (
        solve(frame, current.frame_from_canonical_px, views, turn, floor)
        for solve in (edge_equations, edge_equations_twin)
    )
    scale = np.sqrt(np.diag(slow.information))
    np.testing.assert_allclose(
        fast.information / np.outer(scale, scale), slow.information / np.outer(scale, scale), atol=1e-4
    )
    np.testing.assert_allclose(fast.vector / scale, slow.vector / scale, atol=1e-3 * np.abs(slow.vector / scale).max())
    assert abs(fast.agreement - slow.agreement) < 1e-4


def test_the_compiled_warp_is_the_plain_one(small_case, camera, frame):
    current = looked(small_case, camera, RIGHT + 20 * OFF)
    plain = warp_frame(frame, normalised_homography(current.frame_from_canonical_px, *frame.shape), 96)
    np.testing.assert_allclose(warp_picture(frame, current.frame_from_canonical_px, 96), plain, atol=1e-4)


def test_a_step_leads_to_the_right_pose(small_case, camera, frame):
    for sign in (1.0, -1.0):
        current = looked(small_case, camera, RIGHT + sign * OFF)
        wanted = residual_to_pose(pose_from_six(RIGHT, small_case.pose_frame), current, small_case.atlas)
        before = wanted - current.view_residual
        after = before - left(frame, current, small_case)
        assert np.linalg.norm(after[:2]) < 0.3 * np.linalg.norm(before[:2])
        assert abs(after[2]) < 0.35 * abs(before[2])
        assert np.linalg.norm(after[3:]) < 0.5 * np.linalg.norm(before[3:])


def test_gain_shading_and_a_crossing_bar_hardly_move_the_pose(small_case, camera, frame):
    current = looked(small_case, camera, RIGHT)
    at = left(frame, current, small_case)
    ramp = np.linspace(0.0, 0.5, camera.columns, dtype=np.float32)
    shaded = left(0.7 * frame + ramp, current, small_case)
    barred = frame.copy()
    barred[:, 100:106] += 0.8
    crossed = left(barred, current, small_case)
    for other in (shaded, crossed):
        assert np.abs(other - at)[:2].max() < 0.05
        assert abs(other[2] - at[2]) < 2.0
        assert np.rad2deg(np.abs(other - at)[3:]).max() < 0.5


def test_weights_by_the_views_own_edges_keep_a_neighbour_from_pulling(small_case, camera, frame, monkeypatch):
    """As a bone of the same shape beside the object."""
    current = looked(small_case, camera, RIGHT)
    views = np.asarray(small_case.atlas.views[list(current.view_indices)], np.float32)
    view = small_case.atlas.view
    turn = Turn(0.0, 0.0, np.deg2rad(small_case.atlas.grid.step_deg), view.field_mm / view.size_px, view.range_mm)

    def asked(shown):
        found = edge_equations_twin(shown, current.frame_from_canonical_px, views, turn, FLOOR)
        return np.linalg.solve(found.information, found.vector)[:2]

    def pulled():
        return float(np.linalg.norm(asked(frame + 0.8 * np.roll(frame, 10, axis=1)) - asked(frame)))

    kept = pulled()
    monkeypatch.setattr(edges, "OWN", 1e9)
    assert kept < 0.9 * pulled()


def test_the_object_agrees_and_noise_does_not(small_case, camera, frame, rng):
    current = looked(small_case, camera, RIGHT)
    assert seen_from(frame, current, small_case).agreement > 0.95
    noise = rng.standard_normal(frame.shape).astype(np.float32)
    found = seen_from(noise, current, small_case)
    assert found.agreement < 0.6
    assert np.isfinite(found.seen.residuals).all()


def test_the_floor_is_found(small_case, camera, frame):
    current = looked(small_case, camera, RIGHT)
    floor = 0.03
    for _ in range(6):
        floor = seen_from(frame, current, small_case, floor).floor
    assert 0.08 < floor < 0.13


def test_an_empty_frame_says_nothing_and_does_not_fail(small_case, camera):
    found = seen_from(np.zeros((192, 192), np.float32), looked(small_case, camera, RIGHT), small_case)
    assert np.isfinite(found.seen.residuals).all()
    assert (found.seen.sigmas[0] > 0.3 * residual_units(small_case.atlas.view)).all()
