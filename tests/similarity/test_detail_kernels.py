"""Object and body told apart: where the body moved on its own, the object is found where it is."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.prepare import rest_renderer
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.pose6 import pose_from_six, six_from_pose
from fluoropose.registration.refinement.costs.body_images import Bodies
from fluoropose.registration.refinement.costs.two_body_kernels import (
    changes,
    changes_twin,
    details,
    details_twin,
    local_contrast,
    local_contrast_twin,
    normal_equations,
    normal_equations_twin,
    remainder,
    seen_finer,
    seen_finer_twin,
    seen_through,
    seen_through_twin,
)
from fluoropose.registration.refinement.two_body import separate_bodies
from fluoropose.registration.regression.residual import residual_units
from fluoropose.registration.regression.schedule import PoseEstimate
from fluoropose.registration.regression.step import Regression

TRUE = np.array([2.0, -3.0, 905.0, 4.0, 3.0, -5.0])
APART = np.array([0.8, -0.6, 2.0, 0.8, -1.0, 1.2])


@pytest.fixture
def camera():
    """A detector as fine as the canonical view: what tells two bodies apart is fine."""
    return camera_from_detector(200, 240, row_spacing_mm=0.5, column_spacing_mm=0.5, source_to_detector_mm=1100.0)


@pytest.fixture(scope="module")
def bodies(surrounded_case):
    case = surrounded_case
    return Bodies(CpuRenderer(case.volume, 1.0), rest_renderer(case.rest, case.atlas.view))


def found_at(case, six, presence=1.0):
    """A finding at a pose that the networks are as sure of as of half a unit."""
    information = np.diag((0.5 * residual_units(case.atlas.view)) ** -2.0)[None]
    regression = Regression(np.zeros((1, 6)), np.ones((1, 6)), information, np.array([presence]))
    return PoseEstimate(pose_from_six(six, case.pose_frame), regression, (0.0, 0.0, 0.0), 0, 0, 0)


def simulate_frame_at(case, camera, bodies, six, rest_six):
    inside = bodies.inside.render(camera, pose_from_six(six, case.pose_frame))
    return inside + bodies.rest.render(camera, pose_from_six(rest_six, case.pose_frame))


def errors(case, finding):
    return np.abs(six_from_pose(finding.camera_from_volume, case.pose_frame) - TRUE)


def test_the_object_is_found_where_the_body_is_not(surrounded_case, camera, bodies, rng):
    """From where the body is, which is where networks that follow it end; under another gain, shading and noise."""
    frame = simulate_frame_at(surrounded_case, camera, bodies, TRUE, TRUE + APART)
    frame = 0.7 * frame + np.linspace(0.0, 0.3, camera.columns) + 0.004 * rng.standard_normal(frame.shape)
    start = found_at(surrounded_case, TRUE + APART)
    end, _ = separate_bodies(frame.astype(np.float32), camera, start, surrounded_case.atlas, bodies)
    assert (errors(surrounded_case, end) < [0.05, 0.05, 2.0, 0.15, 0.7, 0.7]).all()
    assert (errors(surrounded_case, end)[[0, 1, 3]] < 0.25 * errors(surrounded_case, start)[[0, 1, 3]]).all()


def test_it_knows_how_sure_it_is(surrounded_case, camera, bodies, rng):
    frame = simulate_frame_at(surrounded_case, camera, bodies, TRUE, TRUE)
    sigmas = []
    for noise in (0.004, 0.016):
        noisy = frame + noise * rng.standard_normal(frame.shape)
        start = found_at(surrounded_case, TRUE)
        end, _ = separate_bodies(noisy.astype(np.float32), camera, start, surrounded_case.atlas, bodies)
        sigmas.append(end.regression.sigmas[0])
    assert (sigmas[1] > 1.3 * sigmas[0]).all()
    assert (sigmas[0] < 0.5 * residual_units(surrounded_case.atlas.view)).all()


def test_what_is_not_there_is_left_where_it_was(surrounded_case, camera, bodies):
    frame = simulate_frame_at(surrounded_case, camera, bodies, TRUE, TRUE)
    absent = found_at(surrounded_case, TRUE + APART, presence=0.05)
    assert separate_bodies(frame, camera, absent, surrounded_case.atlas, bodies)[0] is absent


def test_a_body_without_the_object_shows_that_it_is_not_there(surrounded_case, camera, bodies, rng):
    case = surrounded_case
    noise = 0.004 * rng.standard_normal((camera.rows, camera.columns))
    frames = {"with": simulate_frame_at(case, camera, bodies, TRUE, TRUE)}
    frames["without"] = bodies.rest.render(camera, pose_from_six(TRUE, case.pose_frame))
    presence, likeness = {}, {}
    for name, frame in frames.items():
        end, likeness[name] = separate_bodies(
            (frame + noise).astype(np.float32), camera, found_at(case, TRUE), case.atlas, bodies
        )
        presence[name] = float(end.regression.presence[0])
    assert presence == {"with": 1.0, "without": 0.0}
    assert likeness["with"] > 0.9 > 0.45 > likeness["without"]


def test_a_fit_that_gets_worse_is_not_taken(surrounded_case, camera, bodies, monkeypatch):
    from fluoropose.registration.refinement import two_body as apart

    real, worse = apart._fitted, iter(np.linspace(0.9, 0.1, 9))
    monkeypatch.setattr(apart, "_fitted", lambda *args: replace(real(*args), agreement=next(worse)))
    frame = simulate_frame_at(surrounded_case, camera, bodies, TRUE, TRUE + APART)
    start = found_at(surrounded_case, TRUE + APART)
    end, _ = separate_bodies(frame, camera, start, surrounded_case.atlas, bodies)
    np.testing.assert_array_equal(end.camera_from_volume, start.camera_from_volume)
    np.testing.assert_array_equal(end.regression.information, start.regression.information)


@pytest.mark.parametrize("made", [np.zeros_like, np.ones_like])
def test_an_empty_frame_moves_nothing_far(surrounded_case, camera, bodies, made):
    frame = made(simulate_frame_at(surrounded_case, camera, bodies, TRUE, TRUE))
    end, _ = separate_bodies(frame, camera, found_at(surrounded_case, TRUE), surrounded_case.atlas, bodies)
    assert (errors(surrounded_case, end) < [0.1, 0.1, 2.0, 0.5, 0.5, 0.5]).all()


def test_the_kernels_are_their_twins(rng):
    images = rng.random((3, 40, 50)).astype(np.float32)
    np.testing.assert_allclose(details(images, 2), details_twin(images, 2), atol=1e-5)
    to = np.array([[0.9, 0.1, -3.0], [-0.05, 1.1, 4.0], [1e-4, -2e-4, 1.0]])
    np.testing.assert_allclose(seen_through(images, to, 48, 40), seen_through_twin(images, to, 48, 40), atol=1e-5)
    np.testing.assert_allclose(seen_finer(images[0], to, 48), seen_finer_twin(images[0], to, 48), atol=1e-3)
    square, turns = rng.random((2, 48, 48)).astype(np.float32), rng.random((2, 2, 48, 48)).astype(np.float32)
    given = (*square, *turns, 0.7, 900.0)
    np.testing.assert_allclose(changes(*given), changes_twin(*given), atol=1e-4)


def test_contrast_is_its_twins(rng):
    shown, noise, weights = rng.random((3, 48, 48)).astype(np.float32)
    frame = np.linspace(0.5, 2.0, 48, dtype=np.float32) * shown + np.float32(0.1) * noise
    for found, twin in zip(
        local_contrast(frame, shown, weights), local_contrast_twin(frame, shown, weights), strict=True
    ):
        np.testing.assert_allclose(found, twin, rtol=5e-3)


def test_equations_are_their_twins_and_what_they_leave_is_at_right_angles(rng):
    columns = rng.standard_normal((5, 50, 40)).astype(np.float32)
    scale, wanted, weights = rng.random((3, 50, 40)).astype(np.float32)
    normal, right = normal_equations(columns, scale, wanted, weights)
    for found, twin in zip((normal, right), normal_equations_twin(columns, scale, wanted, weights), strict=True):
        np.testing.assert_allclose(found, twin, rtol=1e-4, atol=1e-3)
    left = remainder(columns, scale, wanted, np.linalg.solve(normal, right))
    np.testing.assert_allclose((weights * left * scale * columns).sum(axis=(1, 2)), 0.0, atol=1e-2)


def test_contrast_is_that_of_the_neighbourhood(rng):
    shown = rng.standard_normal((64, 64)).astype(np.float32)
    true = np.linspace(0.5, 2.0, 64, dtype=np.float32)
    found, per_deviation = local_contrast(true * shown, shown, np.ones_like(shown))
    inner = np.s_[8:-8, 8:-8]
    np.testing.assert_allclose(found[inner], np.broadcast_to(true, found.shape)[inner], rtol=0.15)
    noisy = true * shown + 0.5 * rng.standard_normal(shown.shape).astype(np.float32)
    _, of_noisy = local_contrast(noisy, shown, np.ones_like(shown))
    assert np.median(of_noisy) < 0.5 * np.median(per_deviation)
    np.testing.assert_allclose(np.median(1.0 / of_noisy), 0.5, rtol=0.1)


def test_four_places_a_pixel_lie_about_its_middle_and_halve_the_noise(rng):
    ramp = np.add.outer(np.arange(40.0), 2.0 * np.arange(50.0)).astype(np.float32)
    to = np.array([[0.9, 0.0, 3.0], [0.0, 0.9, 2.0], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(seen_finer(ramp, to, 32), seen_through(ramp[None], to, 32, 32)[0], atol=1e-3)
    noise = rng.standard_normal((200, 200)).astype(np.float32)
    coarse = np.diag([3.0, 3.0, 1.0])
    assert seen_finer(noise, coarse, 60).std() < 0.75 * seen_through(noise[None], coarse, 60, 60).std()


def test_detail_sees_neither_offset_nor_shading(rng):
    image = rng.random((1, 40, 40)).astype(np.float32)
    ramp = np.linspace(0.0, 3.0, 40, dtype=np.float32)
    inner = np.s_[:, 6:-6, 6:-6]
    np.testing.assert_allclose(details(image + ramp, 2)[inner], details(image, 2)[inner], atol=1e-4)
