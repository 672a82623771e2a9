"""Several cameras in one world by hand: C-arm angles, rays, gaps, rigs that are refused."""

import numpy as np
import pytest

from fluoropose.errors import GeometryError
from fluoropose.geometry.camera import camera_from_detector, project
from fluoropose.geometry.rig import (
    PlacedCamera,
    angle_between_views_deg,
    c_arm_camera_from_world,
    ray_gap_mm,
    require_rig,
    triangulate,
    viewing_ray,
)
from fluoropose.geometry.rigid import inverse, rigid, transform

CAMERA = camera_from_detector(201, 201, row_spacing_mm=1.0, column_spacing_mm=1.0, source_to_detector_mm=1000.0)


def placed(primary=0.0, secondary=0.0, distance=800.0):
    return PlacedCamera(CAMERA, c_arm_camera_from_world(primary, secondary, distance))


def test_a_camera_without_a_place_is_the_world():
    assert PlacedCamera(CAMERA).at_origin
    assert not placed().at_origin
    with pytest.raises(ValueError, match="read-only"):
        PlacedCamera(CAMERA).camera_from_world[0, 3] = 1.0


@pytest.mark.parametrize(
    ("primary", "secondary", "source"),
    [
        (0, 0, (0, 800, 0)),  # detector in front: the source is behind the patient (+y)
        (90, 0, (-800, 0, 0)),  # LAO 90: detector at the patient's left (+x)
        (-90, 0, (800, 0, 0)),
        (0, 90, (0, 0, -800)),  # cranial 90: detector above the head (+z)
        (180, 0, (0, -800, 0)),
    ],
)
def test_the_source_is_opposite_to_the_detector(primary, secondary, source):
    found = placed(primary, secondary)
    np.testing.assert_allclose(found.source_world_mm, source, atol=1e-9)
    # The isocentre lies on the axis, 800 mm from the source.
    np.testing.assert_allclose(transform(found.camera_from_world, np.zeros(3)), [0, 0, 800], atol=1e-9)


@pytest.mark.parametrize(
    ("primary", "point", "pixel"),
    [
        (0, (10, 0, 0), (87.5, 100.0)),  # patient's left: 10 mm at 800 of 1000 mm are 12.5 px to smaller columns
        (0, (0, 0, 10), (100.0, 87.5)),  # head: up
        (90, (0, 0, 10), (100.0, 87.5)),
        (90, (0, 10, 0), (87.5, 100.0)),  # from the right side, posterior lies to the left of the picture
    ],
)
def test_where_a_point_appears(primary, point, pixel):
    found = project(CAMERA, transform(placed(primary).camera_from_world, np.array(point, float)))
    np.testing.assert_allclose(found, pixel, atol=1e-9)


def test_the_secondary_angle_tilts_the_turned_arm_to_the_head():
    """At LAO 90, cranial 30 the detector is left and up: the source is right and down."""
    np.testing.assert_allclose(placed(90, 30).source_world_mm, [-800 * np.cos(np.pi / 6), 0, -400], atol=1e-9)


@pytest.mark.parametrize(("primary", "distance"), [(np.nan, 800.0), (0.0, 0.0), (0.0, np.inf)])
def test_angles_and_distances_that_cannot_be_meant(primary, distance):
    with pytest.raises(GeometryError, match=r"must be .*got"):
        c_arm_camera_from_world(primary, 0.0, distance)


def test_rays_through_a_point_meet_in_it():
    point = np.array([12.0, -7.0, 20.0])
    views = [placed(0), placed(70, 10)]
    rays = [viewing_ray(view, project(CAMERA, transform(view.camera_from_world, point))) for view in views]
    np.testing.assert_allclose(triangulate(rays), point, atol=1e-8)
    assert ray_gap_mm(*rays) == pytest.approx(0.0, abs=1e-9)


def test_the_gap_of_lines_by_hand():
    """Along x at height 0 and along y at height 3: they pass each other by 3 mm. Parallel ones by their distance."""
    along_x = (np.array([0.0, 0.0, 0.0]), np.array([1.0, 0.0, 0.0]))
    assert ray_gap_mm(along_x, (np.array([5.0, -9.0, 3.0]), np.array([0.0, 1.0, 0.0]))) == pytest.approx(3.0)
    assert ray_gap_mm(along_x, (np.array([7.0, 3.0, 4.0]), np.array([1.0, 0.0, 0.0]))) == pytest.approx(5.0)


@pytest.mark.parametrize("degrees", [0, 30, 90, 180])
def test_the_angle_between_views(degrees):
    assert angle_between_views_deg(placed(10), placed(10 + degrees)) == pytest.approx(degrees, abs=1e-5)


def test_a_biplane_rig_is_fine_and_so_is_one_camera():
    require_rig([placed(0), placed(90), placed(45, 20)], ["a", "b", "c"])
    require_rig([placed(0)], ["a"])


def test_the_same_camera_twice_is_refused_with_the_figure():
    with pytest.raises(GeometryError, match=r"same camera twice: 'a' and 'b' are 0.00 mm and 0.00 degrees"):
        require_rig([placed(30), placed(30)], ["a", "b"])


def test_cameras_that_look_past_each_other_are_refused_with_the_figure():
    """The second camera stands where it should but was moved up by 900 mm: the axes pass each other by that."""
    wrong = PlacedCamera(CAMERA, placed(90).camera_from_world @ rigid(np.eye(3), np.array([0.0, 0.0, -900.0])))
    with pytest.raises(GeometryError, match=r"'a' and 'b' contradict .* 90.0 degrees apart and pass each other by 900"):
        require_rig([placed(0), wrong], ["a", "b"])


def test_an_inverted_place_is_refused():
    """world_from_camera given for camera_from_world: that camera looks elsewhere."""
    with pytest.raises(GeometryError, match="inverted"):
        require_rig([placed(0), PlacedCamera(CAMERA, inverse(placed(70, 10).camera_from_world))], ["a", "b"])


def test_a_place_that_is_not_rigid_is_refused():
    with pytest.raises(GeometryError, match="camera_from_world must be rigid"):
        PlacedCamera(CAMERA, np.diag([1.0, 1.0, 1.1, 1.0]))


def test_a_c_arm_farther_than_any_room_is_refused():
    with pytest.raises(GeometryError, match="at most 1e.06 mm"):
        c_arm_camera_from_world(0.0, 0.0, 1e308)
