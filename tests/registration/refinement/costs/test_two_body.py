"""The cost of two bodies: steps toward the object where the body is elsewhere, bounds, contrast as presence."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.prepare import rest_renderer
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.pose6 import pose_from_six, six_from_pose
from fluoropose.registration.refinement.costs.two_body import TWO_BODIES, BodyRenderers, TwoBodyCost
from fluoropose.registration.refinement.gauss_newton import Prior, Stop, minimise, newton_step
from fluoropose.registration.regression.residual import residual_units
from support.renderers import CountingRenderer

TRUE = np.array([2.0, -3.0, 905.0, 4.0, 3.0, -5.0])
APART = np.array([0.8, -0.6, 2.0, 0.8, -1.0, 1.2])


@pytest.fixture
def camera():
    """A detector as fine as the canonical view: what tells two bodies apart is fine."""
    return camera_from_detector(200, 240, row_spacing_mm=0.5, column_spacing_mm=0.5, source_to_detector_mm=1100.0)


@pytest.fixture
def renderers(surrounded_case):
    case = surrounded_case
    both = CpuRenderer(case.volume, 1.0), rest_renderer(case.rest, case.atlas.view)
    return BodyRenderers(*(CountingRenderer(one) for one in both))


@pytest.fixture
def make(surrounded_case, camera, renderers, rng):
    """Return the cost of a frame of both bodies, a little noisy, and the object's pose at six parameters."""
    case = surrounded_case

    def pose(six):
        return pose_from_six(six, case.pose_frame)

    def cost(six=TRUE, rest_six=TRUE, settings=TWO_BODIES, shown=1.0):
        frame = shown * renderers.inside.render(camera, pose(six)) + renderers.rest.render(camera, pose(rest_six))
        frame = (frame + 0.004 * rng.standard_normal(frame.shape)).astype(np.float32)
        renderers.inside.count = renderers.rest.count = 0
        return TwoBodyCost(frame, camera, case.atlas, renderers, settings)

    return cost, pose


def weak(case):
    return Prior(0.1 * np.diag((0.5 * residual_units(case.atlas.view)) ** -2.0))


def test_steps_lead_to_the_object_though_the_body_is_elsewhere(surrounded_case, make):
    cost, pose = make
    begun = pose(TRUE + APART)
    solution = minimise(cost(TRUE, TRUE + APART), begun, weak(surrounded_case), Stop(3, 0.0))
    before, after = (np.abs(six_from_pose(one, surrounded_case.pose_frame) - TRUE) for one in (begun, solution.pose))
    assert (after[[0, 1, 3]] < 0.25 * before[[0, 1, 3]]).all()
    assert solution.improved
    assert solution.agreements[-1] > solution.agreements[0]


def test_the_rest_is_cached_first_then_rendered_once_and_moved(surrounded_case, make, renderers):
    cost, pose = make
    one = cost()
    counts = []
    for _ in range(3):
        equations = one.evaluate(pose(TRUE))
        one.accept(newton_step(equations, weak(surrounded_case)))
        counts.append((renderers.inside.count, renderers.rest.count))
    assert counts == [(1, 0), (2, 1), (3, 1)]


def test_unknowns_are_both_residuals_two_contrasts_and_two_blurs_and_bounded(surrounded_case, make):
    cost, pose = make
    equations = cost().evaluate(pose(TRUE))
    assert equations.information.shape == (16, 16)
    np.testing.assert_allclose(equations.information, equations.information.T, rtol=1e-9, atol=1e-6)
    assert np.linalg.eigvalsh(equations.information).min() > 0.0
    units = residual_units(surrounded_case.atlas.view)
    np.testing.assert_allclose(equations.longest[:12], np.tile(0.5 * units, 2))
    assert np.isinf(equations.longest[12:]).all()


def test_the_rest_is_tied_to_where_the_ct_has_it(surrounded_case, make):
    """A rest that may hardly lie elsewhere than the CT has it, beside the object's last pose, stays there."""
    cost, pose = make
    ends = []
    for sigmas in (TWO_BODIES.rest_sigmas, (1e-6,) * 6):
        one = cost(TRUE, TRUE + APART, replace(TWO_BODIES, rest_sigmas=sigmas))
        equations = one.evaluate(pose(TRUE))
        step = newton_step(equations, weak(surrounded_case))
        ends.append(np.abs(step.change[6:12]) / residual_units(surrounded_case.atlas.view))
    assert ends[0].max() > 0.1
    assert ends[1].max() < 0.002


@pytest.mark.parametrize(("shown", "share"), [(1.0, 1.0), (0.0, 0.0)])
def test_the_contrast_of_the_object_tells_its_presence(surrounded_case, make, shown, share):
    cost, pose = make
    one = cost(shown=shown)
    minimise(one, pose(TRUE), weak(surrounded_case), Stop(2, 0.0))
    assert one.visible_shares == pytest.approx([share, share], abs=0.02)
    similarities = [one.edge_similarity(evaluation) for evaluation in (0, -1)]
    if shown:
        assert min(similarities) > 0.9
    else:
        assert max(similarities) < 0.45


def test_no_step_is_accepted_before_an_evaluation(surrounded_case, make):
    cost, pose = make
    step = newton_step(cost().evaluate(pose(TRUE)), weak(surrounded_case))
    with pytest.raises(AssertionError, match="expected a step after an evaluation"):
        cost().accept(step)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_an_even_frame_gives_finite_equations(surrounded_case, camera, renderers, make, value):
    _, pose = make
    frame = np.full((camera.rows, camera.columns), value, np.float32)
    equations = TwoBodyCost(frame, camera, surrounded_case.atlas, renderers).evaluate(pose(TRUE))
    assert np.isfinite(equations.information).all()
    assert np.isfinite(equations.vector).all()
    assert np.isfinite(equations.agreement)
