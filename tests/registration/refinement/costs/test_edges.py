"""The cost of the edges: a step leads to the right pose, a bar across hardly matters, the floor of scatter is found."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.drr.atlas import AtlasGrid, build_atlas
from fluoropose.drr.mesh_views import MeshRenderer
from fluoropose.drr.prepare import ViewChoice, canonical_view
from fluoropose.drr.view_cache import ViewCache, ViewRenderers
from fluoropose.evaluation.metrics.pose_error import pose_error
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.imaging.mesh import Solid
from fluoropose.imaging.mesh_voxels import voxelise_mesh
from fluoropose.registration.refinement.costs.edges import EDGES, EdgeCost, floor_of_contrast
from fluoropose.registration.refinement.gauss_newton import Prior, minimise, newton_step
from fluoropose.registration.refinement.sequence import REFINEMENT
from fluoropose.registration.regression.residual import align_view, residual_to_pose, residual_units
from support.implants import MESH, POSE, expose_mesh, two_cameras
from support.shots import believed, fine_camera, shot

RIGHT = np.array([2.0, -3.0, 895.0, 4.0, 4.3, -4.6])
OFF = np.array([0.15, -0.1, 4.0, 0.3, 0.5, -0.5])


@pytest.fixture
def camera():
    return fine_camera()


@pytest.fixture
def frame(small_case, camera, rng):
    return shot(small_case, camera, pose_from_six(RIGHT, small_case.pose_frame), rng)


def look(frame, case, camera, six, settings=EDGES):
    """Evaluate the edges at a pose, and solve them beside networks that believe next to nothing."""
    cost = EdgeCost(frame, camera, case.atlas, settings)
    equations = cost.evaluate(pose_from_six(six, case.pose_frame))
    doubt = np.diag((1e-2 / residual_units(case.atlas.view)) ** 2)
    return cost, equations, newton_step(equations, Prior(doubt))


def left(frame, case, camera, six):
    """Return the change of the residual that the edges ask for, (6,)."""
    return look(frame, case, camera, six)[2].change[:6]


def test_a_step_leads_to_the_right_pose(small_case, camera, frame):
    for sign in (1.0, -1.0):
        current = align_view(pose_from_six(RIGHT + sign * OFF, small_case.pose_frame), camera, small_case.atlas)
        wanted = residual_to_pose(pose_from_six(RIGHT, small_case.pose_frame), current, small_case.atlas)
        before = wanted - current.view_residual
        after = before - left(frame, small_case, camera, RIGHT + sign * OFF)
        assert np.linalg.norm(after[:2]) < 0.3 * np.linalg.norm(before[:2])
        assert abs(after[2]) < 0.35 * abs(before[2])
        assert np.linalg.norm(after[3:]) < 0.5 * np.linalg.norm(before[3:])


def test_gain_shading_and_a_crossing_bar_hardly_move_the_pose(small_case, camera, frame):
    at = left(frame, small_case, camera, RIGHT)
    ramp = np.linspace(0.0, 0.5, camera.columns, dtype=np.float32)
    shaded = left(0.7 * frame + ramp, small_case, camera, RIGHT)
    barred = frame.copy()
    barred[:, 100:106] += 0.8
    crossed = left(barred, small_case, camera, RIGHT)
    for other in (shaded, crossed):
        assert np.abs(other - at)[:2].max() < 0.05
        assert abs(other[2] - at[2]) < 2.0
        assert np.rad2deg(np.abs(other - at)[3:]).max() < 0.5


def test_the_object_agrees_and_noise_does_not(small_case, camera, frame, rng):
    cost, equations, _ = look(frame, small_case, camera, RIGHT)
    assert equations.agreement > 0.95
    assert cost.overall > 0.8
    noise = rng.standard_normal(frame.shape).astype(np.float32)
    cost, equations, step = look(noise, small_case, camera, RIGHT)
    assert equations.agreement < 0.6
    assert cost.overall < 0.3
    assert np.isfinite(step.parameters).all()


def test_the_floor_is_found(small_case, camera, frame):
    pose = pose_from_six(RIGHT, small_case.pose_frame)
    cost = EdgeCost(frame, camera, small_case.atlas, floor=0.03)
    for _ in range(6):
        cost.accept(newton_step(cost.evaluate(pose), Prior(np.zeros((6, 6)))))
    assert 0.08 < cost.floor < 0.13


def test_the_floor_changes_little_at_once_and_stays_in_its_range(small_case, camera, frame):
    cost, _, step = look(frame, small_case, camera, RIGHT)
    for change, expected in ((5.0, EDGES.floor * np.e), (50.0, EDGES.floor * np.e**2), (50.0, 1.0), (50.0, 1.0)):
        cost.accept(replace(step, change=np.full(7, change)))
        assert cost.floor == pytest.approx(expected)
    for _ in range(9):
        cost.accept(replace(step, change=np.full(7, -50.0)))
    assert cost.floor == EDGES.floor_range[0]


def test_the_floor_is_believed_to_be_near_where_it_starts(small_case, camera, frame):
    """Without edges nothing but that belief is left of it."""
    empty = np.zeros_like(frame)
    cost = EdgeCost(empty, camera, small_case.atlas, floor=EDGES.floor * np.e)
    equations = cost.evaluate(pose_from_six(RIGHT, small_case.pose_frame))
    cost.accept(newton_step(equations, Prior(np.eye(6))))
    assert cost.floor == pytest.approx(EDGES.floor, rel=0.3)


def test_the_edges_count_by_the_settings_share(small_case, camera, frame):
    one, other = (
        look(frame, small_case, camera, RIGHT + OFF, replace(EDGES, information_share=share))[1]
        for share in (0.125, 0.5)
    )
    np.testing.assert_allclose(other.information[:6, :6], 4.0 * one.information[:6, :6])
    np.testing.assert_allclose(other.vector[:6], 4.0 * one.vector[:6])


def test_an_empty_frame_says_nothing_and_does_not_fail(small_case, camera):
    _, equations, step = look(np.zeros((192, 192), np.float32), small_case, camera, RIGHT)
    assert np.isfinite(step.parameters).all()
    sigmas = np.sqrt(np.diag(np.linalg.inv(equations.information[:6, :6] + 1e-9 * np.eye(6))))
    assert (sigmas > 0.3 * residual_units(small_case.atlas.view)).all()
    assert (np.sqrt(np.diag(np.linalg.inv(step.information))) > 0.3 * residual_units(small_case.atlas.view)).all()


def test_the_agreement_at_another_pose_leaves_the_cost_as_it_is(small_case, camera, frame):
    cost, equations, step = look(frame, small_case, camera, RIGHT)
    cost.accept(step)
    alignment, floor, overall = cost.alignment, cost.floor, cost.overall
    there = pose_from_six(RIGHT + 10 * OFF, small_case.pose_frame)
    assert cost.agreement_at(there) < equations.agreement
    assert (cost.alignment, cost.floor, cost.overall) == (alignment, floor, overall)
    assert cost.agreement_at(there) == EdgeCost(frame, camera, small_case.atlas, floor=floor).evaluate(there).agreement


def test_there_is_no_alignment_before_an_evaluation(small_case, camera, frame):
    with pytest.raises(AssertionError, match="expected an evaluation"):
        _ = EdgeCost(frame, camera, small_case.atlas).alignment


def test_half_way_between_views_steps_end_too(small_case, camera, rng):
    """Each of two views may say that the pose is nearer to the other: steps went to and fro there, to the last one."""
    for index in range(12):
        between = (rng.integers(-2, 2, 2) + 0.5) * small_case.atlas.grid.step_deg + rng.normal(0.0, 0.05, 2)
        right = np.array([2.0, -3.0, 895.0, 4.0, *between])
        start = pose_from_six(right + rng.normal(0.0, 1.0, 6) * [0.1, 0.1, 3.0, 0.3, 0.6, 0.6], small_case.pose_frame)
        taken = shot(small_case, camera, pose_from_six(right, small_case.pose_frame), rng)
        known = believed(small_case, camera, start).regression.information[0]
        prior = Prior(REFINEMENT.edge_prior_share * known, start)
        solution = minimise(EdgeCost(taken, camera, small_case.atlas), start, prior, REFINEMENT.edge_stop)
        assert solution.steps <= 5, index


@pytest.mark.parametrize("floor", [0.05, 0.5, 2.0])
def test_a_contrast_gives_the_floor_that_it_was_shown_with(floor):
    """Seen with twice the floor it has, an object has so much more contrast; from that its own floor comes back."""
    contrast = np.log1p(1.0 / floor) / np.log1p(1.0 / (2.0 * floor))
    assert floor_of_contrast(2.0 * floor, contrast) == pytest.approx(floor)
    assert floor_of_contrast(floor, 1.0) == pytest.approx(floor)
    assert floor_of_contrast(floor, 0.0) == np.inf


@pytest.mark.parametrize("scatter", [0.3, 1.5])
def test_the_floor_of_an_opaque_solid_is_found_by_its_contrast(scatter):
    """Metal exposed from its mesh in scatter, some of it more than what passes beside the object."""
    view = canonical_view(voxelise_mesh(MESH, 3.0), ViewChoice(np.eye(3), 500.0, AtlasGrid(4.0, 2.0)))
    atlas = ViewCache(
        build_atlas(MeshRenderer(Solid(MESH, 3.0)), view, AtlasGrid(2.0, 2.0)),
        ViewRenderers(MeshRenderer(Solid(MESH, 3.0))),
        step_deg=2.0,
    )
    placed = two_cameras()[0]
    through = np.clip((expose_mesh(MESH, placed, POSE).astype(np.float32) - 60.0) / 60.0, 0.0, 1.0)
    frame = (-np.log((through + scatter) / (1.0 + scatter))).astype(np.float32)
    cost = EdgeCost(frame, placed.camera, atlas)
    pose = placed.camera_from_world @ POSE
    solution = minimise(cost, pose, Prior(np.diag([1e-4] * 3 + [0.1] * 3)), REFINEMENT.opaque_stop)
    assert cost.is_opaque
    assert cost.floor == pytest.approx(scatter, rel=0.5)
    assert pose_error(solution.pose, pose, MESH.ends_mm).in_plane_mm < 0.1


def test_a_body_that_lets_light_through_keeps_the_usual_floor(small_case, camera, frame):
    cost, _, _ = look(frame, small_case, camera, RIGHT)
    assert not cost.is_opaque
