"""Views from all directions: charts, their borders, and the views about a direction."""

import numpy as np
import pytest

from fluoropose.drr.atlas import AtlasGrid
from fluoropose.drr.sphere import BEYOND_DEG, CHARTS, SphereGrid
from fluoropose.geometry.canonical import central_ray
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import about_x, about_y, about_z, angle_between, from_rotation_vector

BASE = about_y(0.4) @ about_x(np.pi / 2)
CENTRE_MM = np.array([3.0, -8.0, 11.0])


@pytest.fixture(scope="module")
def sphere():
    return SphereGrid(BASE)


def pose_of(rotation, centre_camera_mm=(12.0, -7.0, 880.0)):
    return rigid(rotation, np.array(centre_camera_mm) - rotation @ CENTRE_MM)


def ray_of(rotation):
    return central_ray(pose_of(rotation), CENTRE_MM)


def test_the_expected_view_is_the_middle_of_the_first_chart(sphere):
    pose, index = sphere.locate(central_ray(rigid(BASE, np.array([0, 0, 900.0]) - BASE @ CENTRE_MM), CENTRE_MM))
    assert index == sphere.chart.count // 2
    assert (pose.alpha_rad, pose.beta_rad) == pytest.approx((0.0, 0.0), abs=1e-12)
    np.testing.assert_allclose(sphere.rotation(index), BASE, atol=1e-12)


@pytest.mark.parametrize("chart", range(6))
def test_the_middle_of_every_chart_is_its_own(sphere, chart):
    _, index = sphere.locate(ray_of(CHARTS[chart] @ BASE))
    assert index // sphere.chart.count == chart
    assert angle_between(sphere.rotation(index), CHARTS[chart] @ BASE) < np.deg2rad(2.0)


def test_from_any_direction_the_nearest_view_is_within_a_step_and_a_half(sphere, rng):
    for _ in range(300):
        rotation = from_rotation_vector(rng.normal(size=3) * 3.0)
        ray = ray_of(rotation)
        pose, index = sphere.locate(ray)
        assert max(abs(pose.alpha_rad), abs(pose.beta_rad)) <= np.deg2rad(45.0 + 1e-9)
        np.testing.assert_allclose(
            pose.camera_from_canonical @ pose.view_rotation,
            ray.camera_from_looking @ ray.looking_from_volume,
            atol=1e-12,
        )
        # Half a step in each of two angles, at most.
        assert angle_between(pose.view_rotation, sphere.rotation(index)) <= np.deg2rad(np.hypot(1.0, 1.0) + 1e-6)


def test_a_pose_stays_with_its_chart_just_beyond_the_border_and_no_further(sphere):
    inside = sphere.locate(ray_of(about_y(np.deg2rad(44.0)) @ BASE))[1]
    chart = inside // sphere.chart.count
    beyond = ray_of(about_y(np.deg2rad(47.0)) @ BASE)
    assert sphere.locate(beyond)[1] // sphere.chart.count != chart
    assert sphere.locate(beyond, stay=inside)[1] // sphere.chart.count == chart
    far = ray_of(about_y(np.deg2rad(45.0 + BEYOND_DEG)) @ BASE)
    assert sphere.locate(far, stay=inside)[1] // sphere.chart.count != chart


def test_neighbours_lie_two_degrees_up_and_down_in_both_angles(sphere):
    index = sphere.chart.count + sphere.chart.nearest_view(0.2, -0.3)
    middle, up, down, right, left = sphere.neighbours(index)
    alpha, beta = sphere.angles_of(middle)
    step = np.deg2rad(2.0)
    expected = [(alpha + step, beta), (alpha - step, beta), (alpha, beta + step), (alpha, beta - step)]
    np.testing.assert_allclose([sphere.angles_of(n) for n in (up, down, right, left)], expected, atol=1e-12)
    assert {n // sphere.chart.count for n in (middle, up, down, right, left)} == {1}


def test_the_views_about_a_direction_are_those_within_the_angle_nearest_first(sphere, rng):
    for _ in range(5):
        ray = ray_of(from_rotation_vector(rng.normal(size=3) * 2.0))
        near = sphere.around(ray.direction, 8.0)
        angles = [np.arccos(np.clip(sphere.rotation(index)[2] @ ray.direction, -1, 1)) for index in near]
        assert max(angles) <= np.deg2rad(8.0) + 1e-4
        assert np.all(np.diff(angles) >= -1e-4)
        # A disc of 8 degrees holds about 50 views two degrees apart; charts that meet there share a part of it.
        assert 40 <= len(near) <= 130
        nearest = sphere.locate(ray)[1]
        assert nearest in near
        assert set(sphere.neighbours(nearest)) <= set(near)


def test_views_of_a_prepared_grid_keep_their_rotations(sphere):
    grid = AtlasGrid(10.0, 2.0, 60.0)
    own, here = sphere.views_of(grid)
    assert len(own) == 11 * 55
    for index, number in list(zip(own, here, strict=True))[::37]:
        alpha, beta = grid.angles_of(index)
        np.testing.assert_allclose(sphere.rotation(number), about_x(alpha) @ about_y(beta) @ BASE, atol=1e-12)
    assert sphere.views_of(AtlasGrid(10.0, 4.0)) == ([], [])


def test_a_turn_about_the_optical_axis_changes_no_view(sphere, rng):
    rotation = from_rotation_vector(rng.normal(size=3))
    straight = rigid(rotation, np.array([0, 0, 900.0]) - rotation @ CENTRE_MM)
    turned = rigid(about_z(1.1) @ rotation, np.array([0, 0, 900.0]) - about_z(1.1) @ rotation @ CENTRE_MM)
    assert sphere.locate(central_ray(straight, CENTRE_MM))[1] == sphere.locate(central_ray(turned, CENTRE_MM))[1]
