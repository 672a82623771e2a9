"""The estimate over a window: its dense twin, known answers, and its settings."""

import numpy as np
import pytest

from fluoropose.errors import InputError
from fluoropose.geometry.rigid import transform
from fluoropose.geometry.rotation import about_z
from fluoropose.tracking.window import Smoothing, State, WindowEntry, estimate
from support.smoothing import CENTRE, MIDDLE, SIGMAS, camera_at, information, smooth_frames


@pytest.mark.parametrize("motion", ["still", "moving"])
def test_the_dense_twin_agrees(rng, motion):
    angles = np.linspace(0.0, 20.0, 12)
    errors = rng.normal(size=(12, 6)) * SIGMAS * 0.3
    settings = Smoothing(window_s=100.0, same_view_deg=3.0, motion=motion)
    answer = smooth_frames(angles, errors, settings)
    centre, covariance = dense_twin(angles, errors, settings)
    np.testing.assert_allclose(transform(answer.world_from_volume, CENTRE), centre, atol=0.02)
    np.testing.assert_allclose(answer.covariance, covariance, rtol=1e-3, atol=1e-5)


def dense_twin(angles, errors, settings, fps=15.0):
    """Weighted least squares with the whole covariance of all frames: the specification, for small errors."""
    n, first, sides = len(angles), None, []
    for angle in angles:
        if first is None or abs(angle - first) > settings.same_view_deg:
            first = angle
        sides.append(first)
    own = [np.linalg.inv(information(camera_at(angle)) + 1e-4 * np.diag([1e-8] * 3 + [1e-2] * 3)) for angle in angles]
    whole = np.zeros((6 * n, 6 * n))
    ages = (np.arange(n) - (n - 1)) / fps
    moving = settings.motion == "moving"
    drift = np.repeat([settings.acceleration_mm_per_s2, np.deg2rad(settings.turn_acceleration_deg_per_s2)], 3)
    for i in range(n):
        for j in range(n):
            if sides[i] == sides[j]:
                members = [k for k in range(n) if sides[k] == sides[i]]
                bias = np.linalg.inv(np.mean([np.linalg.inv(own[k]) for k in members], axis=0))
                whole[6 * i : 6 * i + 6, 6 * j : 6 * j + 6] += settings.shared * bias
        block = (1 - settings.shared) * own[i] + moving * np.diag((0.5 * drift * ages[i] ** 2) ** 2)
        whole[6 * i : 6 * i + 6, 6 * i : 6 * i + 6] += block
    design = np.concatenate([np.hstack([np.eye(6), age * np.eye(6)]) if moving else np.eye(6) for age in ages])
    seen = np.concatenate([np.kron(np.eye(2), camera_at(a)[:3, :3].T) @ e for a, e in zip(angles, errors, strict=True)])
    speeds = [settings.limits.across_mm_per_s**-2.0] * 3 + [
        np.deg2rad(settings.limits.out_of_plane_deg_per_s) ** -2.0
    ] * 3
    prior = np.diag(([1e-8] * 3 + [1e-2] * 3 + speeds)[: design.shape[1]])
    normal = design.T @ np.linalg.solve(whole, design) + prior
    unknowns = np.linalg.solve(normal, design.T @ np.linalg.solve(whole, seen))
    return MIDDLE + unknowns[:3], np.linalg.inv(normal)[:6, :6]


@pytest.mark.parametrize(
    ("name", "value"), [("window_s", 0.0), ("window_s", float("nan")), ("motion", "flying"), ("most_frames", 1), ("shared", 1.0)]
)  # fmt: skip
def test_settings_that_cannot_be_meant_are_refused(name, value):
    with pytest.raises(InputError, match=f"smoothing {name} must be .*, got"):
        Smoothing(**{name: value})


def entry(moment_s, centre_mm, view=1, sigma=1.0):
    information = np.diag(np.repeat([sigma**-2.0, 1e4], 3))
    return WindowEntry(moment_s, np.asarray(centre_mm, float), np.eye(3), information, view)


def state(moment_s=0.0):
    return State(moment_s, np.zeros(3), np.eye(3), np.zeros(6))


def test_two_views_weigh_by_their_information():
    """Standard deviations of 1 and 2 mm: the mean weighs 4 to 1, and its variance is 1 / (1 + 1/4)."""
    found = estimate([entry(0.0, [0.0, 0, 0], 1), entry(0.0, [1.0, 0, 0], 2, sigma=2.0)], state(), Smoothing())
    np.testing.assert_allclose(found.state.centre_mm, [0.2, 0.0, 0.0], atol=1e-6)
    assert found.covariance[0, 0] == pytest.approx(0.8, rel=1e-4)
    np.testing.assert_array_equal(found.weights, [1.0, 1.0])


def test_a_steady_motion_is_met_with_its_velocity():
    settings = Smoothing(motion="moving", acceleration_mm_per_s2=0.1, turn_acceleration_deg_per_s2=0.1)
    frames = [entry(0.1 * n, [4.0 * n, 0, -2.0 * n], view=n, sigma=0.01) for n in range(5)]
    found = estimate(frames, state(0.4), settings)
    np.testing.assert_allclose(found.state.centre_mm, [16.0, 0.0, -8.0], atol=1e-2)
    np.testing.assert_allclose(found.state.velocity[:3], [40.0, 0.0, -20.0], atol=0.1)


def test_a_state_is_extrapolated_and_stepped_about_its_centre():
    velocity = np.array([10.0, 0, 0, 0, 0, np.pi])
    later = State(1.0, np.array([1.0, 2, 3]), np.eye(3), velocity).extrapolate(1.5)
    np.testing.assert_allclose(later.centre_mm, [6.0, 2.0, 3.0])
    np.testing.assert_allclose(later.rotation, about_z(np.pi / 2), atol=1e-12)
    moved = later.apply_step(np.array([0.0, 0, 1, 0, 0, -np.pi / 2]))
    np.testing.assert_allclose(moved.centre_mm, [6.0, 2.0, 4.0])
    np.testing.assert_allclose(moved.rotation, np.eye(3), atol=1e-12)
    np.testing.assert_array_equal(moved.velocity, velocity)
    np.testing.assert_allclose(later.apply_step(np.ones(12)).velocity, velocity + 1.0)
